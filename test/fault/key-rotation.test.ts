/**
 * Rotating the keys of a gateway that serves (F36): nobody notices, whatever is killed, full or in
 * the way.
 */

import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { createSealer, rootKeyOf } from '../../src/platform/seal.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { totpRow } from '../../src/core/sealed-rows.ts';
import type { AuthenticatorId, UserId } from '../../src/core/ids.ts';
import { codeAt } from '../support/authenticator-app.ts';
import { gatewayProcess, wallClock, type GatewayProcess } from '../support/gateway-process.ts';
import { enrollAtSignIn, signIn, type Enrolled } from '../support/http-verbs.ts';
import { run } from '../support/run.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { textsMarked, type Answer } from '../support/web-client.ts';

const password = 'wintry-lantern-94-otter';

async function addPerson(at: GatewayProcess, username: string): Promise<void> {
  const added = await at.command(['user', 'add', username, '--password-stdin'], {
    input: password,
  });
  assert.equal(added.code, 0, added.stderr);
}

function oldKeysOf(at: GatewayProcess): readonly string[] {
  return readdirSync(path.dirname(at.keyFile)).filter((name) => name.endsWith('.old'));
}

/** The columns that hold sealed texts, with what they are sealed under. */
function rootsIn(at: GatewayProcess): ReadonlySet<string> {
  const database = new DatabaseSync(path.join(at.folder, 'data/sallyport.db'), { readOnly: true });
  const rows = database
    .prepare(
      `select distinct substr(sealed_credential, 4, 12) as root from authenticators
       union select substr(sealed_private_jwk, 4, 12) from signing_keys`,
    )
    .all();
  database.close();
  return new Set(rows.map((row) => String(row['root'])));
}

describe('a rotation under load', () => {
  let at: GatewayProcess;
  before(async () => {
    at = await gatewayProcess();
    for (const name of ['anna', 'ben', 'chloe']) await addPerson(at, name);
    await at.start();
  });
  after(() => at.remove());

  test('is noticed by nobody: no error, no lost session, no form to fill in again', async () => {
    const target = '/reports';
    const clock = wallClock();
    const anna = await enrollAtSignIn(at.newClient(), {
      target,
      username: 'anna',
      password,
      clock,
    });
    assert.equal(anna.landed.status, 200, at.output());
    // What was opened before is sent afterwards: a sign-in, and an app that is being set up.
    const visitor = at.newClient();
    const signInForm = await visitor.open(target);
    const newcomer = at.newClient();
    const chosen = await signIn(newcomer, { target, username: 'chloe', password });
    const link = /href="([^"]*\/enroll\/totp[^"]*)"/.exec(chosen.body)?.[1] ?? '';
    const setUp = await newcomer.open(new URL(link.replaceAll('&amp;', '&'), chosen.url).href);

    const load = new Load(anna);
    load.begin();
    const [one, other] = await Promise.all([
      at.command(['keys', 'rotate']),
      pause(1500).then(() => at.command(['keys', 'rotate'])),
    ]);
    await pause(1000);
    await load.end();

    // Of two that were started, one does it.
    const [did, refused] = one.code === 0 ? [one, other] : [other, one];
    assert.match(did.stdout, /The keys were rotated\./, did.stderr);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /rotated by another command/);
    assert.equal(oldKeysOf(at).length, 1);
    assert.deepEqual([...rootsIn(at)], [rootKeyOf(readFileSync(at.keyFile)).id]);

    assert.ok(load.answers.length > 200, `only ${String(load.answers.length)} answers`);
    const bad = load.answers.filter(({ status }) => status !== 200);
    assert.deepEqual(
      bad.map(({ status, url, body }) => [status, url.href, body.slice(0, 200)]),
      [],
    );

    const signedIn = await visitor.submit(signInForm, { username: 'ben', password });
    assert.match(signedIn.url.pathname, /\/enroll$/);
    const [secret = ''] = textsMarked(setUp, 'data-totp-secret');
    const shown = await newcomer.submit(setUp, { code: codeAt(secret, Date.now()) });
    assert.equal(textsMarked(shown, 'data-recovery-code').length, 10, shown.body);
    const lost = at.newClient();
    await signIn(lost, { target, username: 'anna', password });
    const codePage = await lost.open('/_mfa/challenge/recovery-code');
    const landed = await lost.submit(codePage, { recovery_code: anna.recoveryCodes[0] ?? '' });
    assert.ok(landed.status < 400, landed.body);
  });

  test('leaves a gateway that starts again where it was', async () => {
    assert.equal((await at.stop()).code, 0);
    await at.start();
    const form = await at.newClient().open('/reports');
    assert.equal(form.status, 200);
  });
});

/** Somebody who works, and strangers who look at the sign-in page, without a break. */
class Load {
  readonly answers: Answer[] = [];
  readonly #anna: Enrolled;
  #isOver = false;
  #workers: readonly Promise<void>[] = [];

  constructor(anna: Enrolled) {
    this.#anna = anna;
  }

  begin(): void {
    const { client } = this.#anna;
    const work = [
      () => client.visit('/reports/7'),
      () => client.call('/api/rows', { method: 'POST', body: '{}' }),
      () => client.visit('/_mfa/account'),
      () => client.copy().visit('/_mfa/.well-known/jwks.json'),
    ];
    this.#workers = work.map(async (ask) => {
      while (!this.#isOver) {
        this.answers.push(await ask());
        await pause(30);
      }
    });
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#workers);
  }
}

describe('a rotation that is killed', () => {
  const people = 6000;
  /** What it says last, and how long after that it is killed at most. */
  const moments = [
    [/Made the encryption key/, 100],
    [/Waiting 3 s/, 3100],
    [/seals from now on/, 30],
    [/Made the signing key/, 20],
    [/Sealing authenticators/, 200],
  ] as const;
  let at: GatewayProcess;
  before(async () => {
    at = await gatewayProcess();
    await addPerson(at, 'anna');
    await at.start();
    await at.stop();
    fillWithPeople(at);
  });
  after(() => at.remove());

  test('again and again, at any time, is finished with one new key and nothing lost', async (t) => {
    const before = rootKeyOf(readFileSync(at.keyFile)).id;
    const random = seededRandom('when to kill');
    for (const [moment, most] of moments) {
      const running = at.begin(['keys', 'rotate']);
      await running.says(new RegExp(`${moment.source}|Waiting 11 s`));
      await pause((random.bytes(2).readUInt16BE() / 0xffff) * most);
      const ended = await running.stop('SIGKILL');
      assert.equal(ended.code, null, ended.stderr);
      t.diagnostic(`killed after: ${ended.stdout.trim().split('\n').at(-1) ?? ''}`);
      // Whatever became of it, every key that anything is sealed under is there and whole.
      assertAllOpens(at);
    }

    const finished = await at.command(['keys', 'rotate']);
    assert.equal(finished.code, 0, finished.stderr);
    const now = rootKeyOf(readFileSync(at.keyFile)).id;
    assert.notEqual(now, before);
    assert.deepEqual(oldKeysOf(at), [`encryption.key.${before}.old`]);
    assert.deepEqual([...rootsIn(at)], [now]);
    assertAllOpens(at);
    assert.deepEqual(
      readdirSync(path.dirname(at.keyFile)).filter((name) => /\.(new|next|unfinished)$/.test(name)),
      [],
    );
  });

  /** Thousands of apps, sealed under the first key. */
  function fillWithPeople({ folder, keyFile }: GatewayProcess): void {
    const sealer = createSealer([readFileSync(keyFile)], systemRandom);
    const database = new DatabaseSync(path.join(folder, 'data/sallyport.db'));
    const user = String(database.prepare('select id from users').get()?.['id']) as UserId;
    const insert = database.prepare(
      `insert into authenticators (id, user_id, method, name, sealed_credential, last_step,
        created_at) values (?, ?, 'totp', 'phone', ?, -1, 0)`,
    );
    database.exec('begin');
    for (let count = 0; count < people; count += 1) {
      const id = `ath_${String(count)}` as AuthenticatorId;
      insert.run(id, user, sealer.seal(`secret ${String(count)}`, totpRow(user, id)));
    }
    database.exec('commit');
    database.close();
  }

  function assertAllOpens({ folder, keyFile }: GatewayProcess): void {
    const keys = readdirSync(path.dirname(keyFile))
      .filter((name) => /^encryption\.key(\.[0-9a-f]{12}\.(old|next))?$/.test(name))
      .map((name) => readFileSync(path.join(path.dirname(keyFile), name)));
    const sealer = createSealer(keys, systemRandom);
    const database = new DatabaseSync(path.join(folder, 'data/sallyport.db'), { readOnly: true });
    const rows = database
      .prepare('select id, user_id, sealed_credential from authenticators')
      .all();
    database.close();
    assert.equal(rows.length, people);
    for (const row of rows) {
      const name = totpRow(row['user_id'] as UserId, row['id'] as AuthenticatorId);
      const plain = sealer.unseal(String(row['sealed_credential']), name).toString();
      assert.equal(plain, `secret ${String(row['id']).slice('ath_'.length)}`);
    }
  }
});

describe('a rotation that cannot write', () => {
  let at: GatewayProcess;
  before(async () => {
    at = await gatewayProcess();
    await addPerson(at, 'anna');
    await at.start();
    await at.stop();
  });
  after(() => at.remove());

  test('because the disk takes no more leaves no half a key and changes nothing', async () => {
    const key = readFileSync(at.keyFile);
    const files = new URL('../../src/platform/key-files.ts', import.meta.url).href;
    const script = `
      import { randomBytes } from 'node:crypto';
      import { prepareKey } from ${JSON.stringify(files)};
      try {
        prepareKey(${JSON.stringify(at.keyFile)}, { bytes: randomBytes });
      } catch (error) {
        console.error(error.name, error.message);
        process.exitCode = 1;
      }`;

    // No file may grow beyond 16 bytes: half a key.
    const node = ['node', '--no-warnings', '--input-type=module', '-e', script];
    const full = await run('prlimit', ['--fsize=16', ...node]);

    assert.equal(full.code, 1, full.stdout);
    assert.match(full.stderr, /^KeyFileError .* cannot be made/);
    assert.deepEqual(readFileSync(at.keyFile), key);
    assert.deepEqual(
      readdirSync(path.dirname(at.keyFile)).filter((name) => name.startsWith('encryption.key.')),
      [],
    );
  });

  test('because an old key is open to others says so, before anything is done', async () => {
    const old = systemRandom.bytes(32);
    const file = `${at.keyFile}.${rootKeyOf(old).id}.old`;
    writeFileSync(file, old);
    chmodSync(file, 0o644);

    const { code, stderr } = await at.command(['keys', 'rotate']);

    assert.equal(code, 1);
    assert.match(stderr, /open to other users\. Close it: chmod 600/);
    assert.equal(
      readdirSync(path.dirname(at.keyFile)).filter((name) => /next/.test(name)).length,
      0,
    );
  });
});
