/**
 * Moving people from another product: they sign in with the app they have, as another program makes
 * its codes; and an import that is killed is done again without loss.
 */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { gatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { signIn } from '../support/http-verbs.ts';
import { run } from '../support/run.ts';
import { base32 } from '../support/authenticator-app.ts';
import { seededRandom } from '../support/seeded-random.ts';

const target = '/reports';
const password = 'wintry-lantern-94-otter';

/** The code that oathtool makes now. */
async function codeOf(secret: string, options: readonly string[] = []): Promise<string> {
  const { code, stdout, stderr } = await run('oathtool', [...options, '--base32', secret]);
  assert.equal(code, 0, `The tests need oathtool: apt-get install oathtool. ${stderr}`);
  return stdout.trim();
}

describe('people who come with their apps', () => {
  const apps = [
    { username: 'anna', query: '', options: ['--totp'] },
    {
      username: 'ben',
      query: '&algorithm=SHA256&digits=8&period=60',
      options: ['--totp=sha256', '--digits=8', '--time-step-size=60s'],
    },
    {
      username: 'chloe',
      query: '&algorithm=SHA512',
      options: ['--totp=sha512'],
    },
  ] as const;
  const secrets = apps.map(({ username }) => base32(seededRandom(username).bytes(20)));
  let at: GatewayProcess;
  before(async () => {
    at = await gatewayProcess();
  });
  after(() => at.remove());

  test('choose a password by their link and sign in with a code of the app they had', async () => {
    const [people, list, links] = ['people.csv', 'otpauth.txt', 'links.csv'].map((name) =>
      path.join(at.folder, name),
    ) as [string, string, string];
    writeFileSync(people, `username\n${apps.map(({ username }) => username).join('\n')}\n`);
    writeFileSync(
      list,
      apps
        .map(({ username, query }, index) => {
          return `otpauth://totp/Old:${username}?secret=${secrets[index] ?? ''}&issuer=Old${query}\n`;
        })
        .join(''),
    );
    const words = ['user', 'import', '--file', people, '--totp', list, '--links-file', links];
    const imported = await at.command(words);
    assert.equal(imported.code, 0, imported.stderr);
    assert.match(imported.stdout, /3 accounts, 3 authenticator apps/);
    await at.start();

    for (const [index, { username, options }] of apps.entries()) {
      const [, link = ''] =
        new RegExp(`^${username},,(http\\S+?),`, 'm').exec(readFileSync(links, 'utf8')) ?? [];
      const client = at.newClient();
      const page = await client.open(link);
      const chosen = { new_password: password, new_password_again: password };
      const challenge = await client.submit(page, chosen);
      assert.match(challenge.url.pathname, /\/challenge$/, challenge.body);
      const wrong = await client.submit(challenge, { code: '000000' });
      assert.match(wrong.url.pathname, /\/challenge$/);
      const code = await codeOf(secrets[index] ?? '', options);
      const passed = await client.submit(wrong, { code });
      assert.ok(passed.status < 400, passed.body);
      assert.equal((await client.visit(target)).status, 200, at.output());

      // The same code opens nothing a second time, nor does the link.
      const thief = at.newClient();
      const again = await signIn(thief, { target, username, password });
      assert.match((await thief.submit(again, { code })).url.pathname, /\/challenge$/);
      assert.equal((await at.newClient().open(link)).status >= 400, true);
    }
  });
});

describe('an import that is killed', () => {
  const count = 1500;
  let at: GatewayProcess;
  before(async () => {
    at = await gatewayProcess();
  });
  after(() => at.remove());

  test('is done again: everybody is there once, with their app, a link and an event', async (t) => {
    const random = seededRandom('people');
    const names = Array.from({ length: count }, (_, index) => `person${String(index)}`);
    const people = path.join(at.folder, 'people.csv');
    writeFileSync(people, `username\r\n${names.join('\r\n')}\r\n`);
    const list = path.join(at.folder, 'otpauth.txt');
    writeFileSync(
      list,
      names.map((name) => `otpauth://totp/${name}?secret=${base32(random.bytes(20))}\n`).join(''),
    );
    const links = path.join(at.folder, 'links.csv');
    const words = ['user', 'import', '--file', people, '--totp', list, '--links-file', links];

    for (let time = 0; time < 3; time += 1) {
      const before = peopleIn(at);
      const running = at.begin(words);
      // It is killed while it writes.
      while (running.process.exitCode === null && peopleIn(at) === before) await pause(20);
      await pause((random.bytes(2).readUInt16BE() / 0xffff) * 300);
      await running.stop('SIGKILL');
      t.diagnostic(`killed after ${String(peopleIn(at))} people`);
    }
    const finished = await at.command(words);
    assert.equal(finished.code, 0, finished.stderr);

    const database = new DatabaseSync(path.join(at.folder, 'data/sallyport.db'), {
      readOnly: true,
    });
    const counted = (query: string): number => Number(database.prepare(query).get()?.['n']);
    assert.equal(counted('select count(*) as n from users'), count);
    assert.equal(counted('select count(distinct user_id) as n from authenticators'), count);
    assert.equal(counted('select count(*) as n from authenticators'), count);
    assert.equal(counted('select count(*) as n from enrollment_links'), count);
    assert.equal(
      counted(`select count(distinct subject) as n from audit_events where type = 'user.imported'`),
      count,
    );
    database.close();
    // Of a person who was written twice the last line counts: the one before it was undone.
    const written = readFileSync(links, 'utf8').trimEnd().split('\n').slice(1);
    assert.equal(new Set(written.map((line) => line.split(',')[0])).size, count);
    assert.equal((await at.command(['audit', 'verify'])).code, 0);
  });
});

function peopleIn({ folder }: GatewayProcess): number {
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(path.join(folder, 'data/sallyport.db'), { readOnly: true });
  } catch {
    return 0;
  }
  try {
    return Number(database.prepare('select count(*) as n from users').get()?.['n']);
  } catch {
    return 0;
  } finally {
    database.close();
  }
}
