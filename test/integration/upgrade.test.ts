/**
 * Upgrading: a database that an earlier version left behind is brought to the present schema by
 * starting on it, and everybody signs in with what they had.
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { sql } from 'kysely';

import { systemRandom } from '../../src/platform/random.ts';
import { openDatabase, type DatabaseLocation } from '../../src/stores/sql/database.ts';
import { DatabaseUnusable } from '../../src/stores/types.ts';
import { describeEngines, type Engine } from '../contract/support/engines.ts';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.ts';
import { fixedClock, type FixedClock } from '../support/fixed-clock.ts';
import { nextCode, signIn, signInWithCode } from '../support/http-verbs.ts';
import { freePort } from '../support/listening.ts';
import {
  oldSchemas,
  putOldDatabase,
  savedPasskey,
  type OldKnowledge,
  type OldSchema,
} from '../support/old-database.ts';
import { submitPasskey } from '../support/passkey-http-verbs.ts';
import { run, start } from '../support/run.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { WebClient } from '../support/web-client.ts';

const target = '/reports';

describeEngines((engine) => {
  for (const schema of oldSchemas)
    describe(`a database of ${schema}`, () => tellOf(engine, schema));

  describe('a database of a newer version', () => {
    test('is refused, and left as it is', async () => {
      const database = await engine.fresh();
      await sql`insert into schema_migrations values ('9999-from-the-future', '2030')`.execute(
        database.db,
      );

      await assert.rejects(database.migrate(), DatabaseUnusable);
      const { rows } = await sql`select * from schema_migrations`.execute(database.db);
      assert.ok(rows.length > 1);
    });
  });
});

function tellOf(engine: Engine, schema: OldSchema): void {
  let folder: TemporaryFolder;
  let upstream: FakeUpstream;
  let gateway: TestGateway;
  let known: OldKnowledge;
  let clock: FixedClock;
  let address: { readonly host: string; readonly port: number };
  before(async () => {
    folder = temporaryFolder();
    upstream = await startFakeUpstream();
    const location = await engine.newLocation();
    const keyFile = path.join(folder.path, 'encryption.key');
    known = await putOldDatabase(schema, location, keyFile);
    clock = fixedClock(known.madeAt + 5 * 60_000);
    const port = await freePort();
    address = { host: '127.0.0.1', port };
    gateway = await startGateway({
      clock,
      settings: {
        server: { listen: `127.0.0.1:${String(port)}`, publicUrl: originAt(port) },
        storage: { database: written(location), encryptionKeyFile: keyFile },
        routes: [{ name: 'console', path: '/**', upstream: upstream.origin, rules: [{}] }],
      },
    });
  });
  after(async () => {
    await gateway.close();
    await upstream.stop();
    folder.remove();
  });

  const visitor = (): WebClient => new WebClient(originAt(address.port), address);
  const personNamed = (username: string, secret: string) => ({
    username,
    password: known.passwords[username] ?? '',
    secret,
  });

  /** Where somebody comes to who types a recovery code of anna's. */
  const attempt = async (code: string): Promise<string> => {
    const client = visitor();
    await signIn(client, { target, ...personNamed('anna', '') });
    const page = await client.open('/_mfa/challenge/recovery-code');
    return (await client.submit(page, { recovery_code: code })).url.pathname;
  };

  test('lets whoever was signed in go on', async () => {
    const headers = { cookie: known.anna.cookie };
    assert.equal((await visitor().visit(target, { headers })).status, 200);
  });

  test('signs people in with their password and app', async () => {
    const person = personNamed('anna', known.anna.secret);
    const landed = await signInWithCode(visitor(), { target, person, clock });
    assert.equal(landed.status, 200, landed.body);
  });

  test('takes recovery codes that were made before, those that are unused', async () => {
    const { recoveryCodes, usedRecoveryCode } = known.anna;
    assert.match(await attempt(usedRecoveryCode), /\/challenge\/recovery-code$/);
    const other = recoveryCodes.find((code) => code !== usedRecoveryCode) ?? '';
    assert.doesNotMatch(await attempt(other), /\/challenge/);
    assert.match(await attempt(other), /\/challenge\/recovery-code$/);
  });

  test('leads who has nothing enrolled there, and keeps out who is disabled', async () => {
    const chloe = await signIn(visitor(), { target, ...personNamed('chloe', '') });
    assert.match(chloe.url.pathname, /\/enroll$/);
    const dora = await signIn(visitor(), { target, ...personNamed('dora', '') });
    assert.match(dora.url.pathname, /\/sign-in$/);
  });

  test('has an audit trail that is whole, and goes on', async () => {
    const { stores } = gateway.composition.flows;
    assert.equal((await stores.audit.verify()).ok, true);
    const { events } = (await stores.audit.verify('since-checked')) as { readonly events: number };
    assert.ok(events >= 0);
  });

  if (schema === '0001-initial') {
    test('binds services to no network, so that they get nowhere until they are bound', async () => {
      const [service] = await gateway.composition.flows.stores.users.listServices();
      assert.deepEqual([service?.username, service?.networks], ['batch-runner', []]);
    });
    return;
  }

  test('takes the passkey that somebody had', async () => {
    assert.ok(known.ben !== undefined);
    const client = visitor();
    const challenge = await signIn(client, { target, ...personNamed('ben', '') });
    const passkey = savedPasskey(known.ben, originAt(address.port));
    const landed = await submitPasskey(client, challenge, passkey);
    assert.equal(landed.status, 200, landed.body);
  });

  test('trusts the browser that was trusted', async () => {
    assert.ok(known.erik !== undefined);
    const client = visitor();
    for (const pair of known.erik.cookie.split('; ')) {
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      if (name.endsWith('-device')) client.setCookie(name, value);
    }
    const landed = await signIn(client, { target, ...personNamed('erik', '') });
    assert.equal(landed.status, 200, landed.body);
    // Elsewhere he is asked for a code.
    const person = personNamed('erik', known.erik.secret);
    const elsewhere = visitor();
    const challenge = await signIn(elsewhere, { target, ...person });
    assert.match(challenge.url.pathname, /\/challenge$/);
    const code = nextCode(clock, person.secret);
    assert.equal((await elsewhere.submit(challenge, { code })).status, 200);
  });

  test('gives the people of a tenant the days of grace they had', async () => {
    const { stores } = gateway.composition.flows;
    const acme = (await stores.tenants.list()).find(({ id }) => id === 'acme');
    assert.deepEqual([acme?.rules.isMfaRequired, acme?.gracePeriodDays], [true, 14]);
    const fay = await stores.users.findByUsername('fay');
    assert.equal(fay?.tenant, 'acme');
  });
}

describe('a migration that is killed', () => {
  test('again and again can be run again, and then everything is there (F10)', async (t) => {
    const folder = temporaryFolder();
    const file = path.join(folder.path, 'sallyport.db');
    const keyFile = path.join(folder.path, 'encryption.key');
    await putOldDatabase('0002-lifecycle', { kind: 'sqlite', file }, keyFile);
    const database = openDatabase({ kind: 'sqlite', file }, { random: systemRandom });
    // Enough people that the migration takes a while.
    await sql`insert into users (id, kind, username, username_key, display_name, tenant_id,
        is_disabled, session_epoch, created_at)
      with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000)
      select 'usr_' || i, 'user', 'person' || i, 'person' || i, 'Person', 'default', 0, 0, 0
      from n`.execute(database.db);
    await database.close();
    const configFile = path.join(folder.path, 'sallyport.yaml');
    writeFileSync(
      configFile,
      JSON.stringify({
        server: { publicUrl: 'https://console.example.com' },
        storage: { database: `sqlite:${file}`, encryptionKeyFile: keyFile },
        policy: { file: path.join(import.meta.dirname, '../../config/mfa-policy.yaml') },
      }),
    );
    const main = path.join(import.meta.dirname, '../../src/main.ts');
    const words = ['--no-warnings', main, 'migrate', '--config', configFile];
    const random = seededRandom('when to kill');

    for (let time = 0; time < 5; time += 1) {
      const migrating = start('node', words);
      await pause(300 + (random.bytes(2).readUInt16BE() / 0xffff) * 1500);
      const { code } = await migrating.stop('SIGKILL');
      t.diagnostic(`ended with ${String(code)}`);
    }
    const finished = await run('node', words);
    assert.equal(finished.code, 0, finished.stderr);
    const verified = await run('node', words.with(2, 'audit').toSpliced(3, 0, 'verify'));
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);

    const after = openDatabase({ kind: 'sqlite', file }, { random: systemRandom });
    await after.migrate();
    const { rows } = await sql<{ n: number }>`
      select count(*) as n from users where search_text <> ''`.execute(after.db);
    assert.equal(rows[0]?.n, 60_000 + 6);
    await after.close();
    folder.remove();
  });
});

function originAt(port: number): string {
  return `http://localhost:${String(port)}`;
}

function written(location: DatabaseLocation): string {
  return location.kind === 'sqlite' ? `sqlite:${location.file}` : location.url.reveal();
}
