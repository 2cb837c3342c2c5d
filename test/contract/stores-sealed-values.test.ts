/**
 * What is sealed, found wherever it stands and written in place of what it was (F36); and work that
 * one process does at a time.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { AuthenticatorId, ChallengeId, SessionKey, UserId } from '../../src/core/ids.ts';
import { sealedPlaces, totpRow, type SealedPlace } from '../../src/core/sealed-rows.ts';
import { createSealer, rootKeyOf } from '../../src/platform/seal.ts';
import { systemRandom } from '../../src/platform/random.ts';
import type { SqlDatabase } from '../../src/stores/sql/database.ts';
import { NOON } from '../support/fixed-clock.ts';
import { start } from '../support/run.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { addUser, aPasskey, describeEngines } from './support/engines.ts';

const oldKey = seededRandom('old').bytes(32);
const newKey = seededRandom('new').bytes(32);
const [oldId, newId] = [rootKeyOf(oldKey).id, rootKeyOf(newKey).id];
const before = createSealer([oldKey], systemRandom);
const sealer = createSealer([newKey, oldKey], systemRandom);

/** Something sealed in every place, each for its row. */
async function fill(database: SqlDatabase): Promise<UserId> {
  const { stores } = database;
  const { id } = await addUser(database);
  const phone = `ath_${id}` as AuthenticatorId;
  await stores.authenticators.create({
    ...aPasskey(id),
    id: phone,
    method: 'totp',
    passkey: null,
    sealedCredential: before.seal('totp', totpRow(id, phone)),
  });
  const passkey = aPasskey(id);
  await stores.authenticators.create({
    ...passkey,
    sealedCredential: before.seal('passkey', `authenticators:${id}:${passkey.id}:webauthn`),
  });
  await stores.challenges.create({
    id: `chl_${id}` as ChallengeId,
    kind: 'totp-enrollment',
    userId: id,
    session: `session of ${id}` as SessionKey,
    sealedPayload: before.seal('challenge', `challenges:${id}:chl_${id}:totp-enrollment`),
    expiresAt: NOON,
  });
  await stores.signingKeys.create({
    kid: `kid-${id}`,
    sealedPrivateJwk: before.seal('signing', `signing-keys:kid-${id}`),
    publicJwk: '{}',
    createdAt: NOON,
  });
  const asked = { fingerprint: 'f', now: NOON, expiresAt: NOON + 1 };
  await stores.idempotency.begin({ ...asked, key: `key-${id}` });
  await stores.idempotency.begin({ ...asked, key: `running-${id}` });
  const sealedBody = before.seal('body', `idempotency:key-${id}`);
  await stores.idempotency.finish(`key-${id}`, { status: 200, sealedBody });
  const mail = { userId: id, to: 'a@example.com', createdAt: NOON } as const;
  const sealedLink = before.seal('link', `outbox:${id}:invitation:link`);
  await stores.outbox.add({ ...mail, kind: 'invitation', details: { expires: 1, sealedLink } });
  await stores.outbox.add({ ...mail, kind: 'mfa-reset', details: { ip: 's1.' } });
  return id;
}

describeEngines((engine) => {
  describe('sealed values', () => {
    test('are found in every place, each bound to its row', async () => {
      const { stores } = await filled();

      for (const place of sealedPlaces) {
        const values = await stores.sealedValues.listOthers(place, from(newId));
        assert.equal(values.length, place === 'authenticators' ? 2 : 1, place);
        for (const { sealed, row } of values) assert.ok(sealer.unseal(sealed, row).length > 0);
        assert.deepEqual(await stores.sealedValues.listOthers(place, from(oldId)), []);
      }
    });

    test('are in every column that is named so', async () => {
      const { database } = await filled();

      const tables = await database.db.introspection.getTables();
      const columns = tables.flatMap(({ name, columns }) =>
        columns.filter((column) => column.name.startsWith('sealed_')).map(() => name),
      );
      // The links of mails stand among other details.
      const known: readonly string[] = sealedPlaces.filter((place) => place !== 'outbox');
      assert.equal(columns.length, known.length, columns.join());
    });

    test('are replaced where they stand as they were read, and nowhere else', async () => {
      const { stores, id } = await filled();
      const { sealedValues } = stores;
      for (const place of sealedPlaces) {
        for (const value of await sealedValues.listOthers(place, from(newId))) {
          const anew = sealer.seal(sealer.unseal(value.sealed, value.row), value.row);
          assert.equal(await sealedValues.replace(value, anew), true, place);
          assert.equal(await sealedValues.replace(value, anew), false, place);
        }
        assert.deepEqual(await sealedValues.listOthers(place, from(newId)), []);
      }

      const [phone] = (await stores.authenticators.listOfUser(id)).filter(
        ({ method }) => method === 'totp',
      );
      assert.ok(phone !== undefined);
      const opened = sealer.unseal(phone.sealedCredential, totpRow(id, phone.id));
      assert.equal(opened.toString(), 'totp');
      const mails = await stores.outbox.take({ now: NOON, leaseUntil: NOON + 1, limit: 5 });
      assert.equal(mails.find(({ kind }) => kind === 'invitation')?.details['expires'], 1);
    });

    test('come page by page, whatever changes on the way', async () => {
      const database = await engine.fresh();
      for (let count = 0; count < 5; count += 1) await fill(database);
      const { sealedValues } = database.stores;

      for (const place of ['authenticators', 'outbox'] as const) {
        const seen = new Set<string>();
        for (let after: string | null = null; ;) {
          const asked = { rootId: newId, after, limit: 2 };
          const page = await sealedValues.listOthers(place, asked);
          for (const value of page) {
            assert.ok(!seen.has(value.key));
            seen.add(value.key);
          }
          const [first] = page;
          if (first === undefined) break;
          await sealedValues.replace(first, sealer.seal('x', first.row));
          after = page.at(-1)?.key ?? null;
        }
        assert.equal(seen.size, place === 'authenticators' ? 10 : 5);
      }
    });

    test('are counted by the key they rest on, recovery codes too', async () => {
      const { stores, id } = await filled();
      const other = await addUser(await filledDatabase, {});
      await stores.recoveryCodes.createUnconfirmed(id, [`${oldId}.a`, `${newId}.b`, 'c'], NOON);
      await stores.recoveryCodes.confirm(id, NOON, 'drop');
      await stores.recoveryCodes.createUnconfirmed(other.id, [`${oldId}.used`], NOON);
      await stores.recoveryCodes.confirm(other.id, NOON, 'drop');
      await stores.recoveryCodes.consume(other.id, `${oldId}.used`, NOON);

      const uses = await stores.sealedValues.countByRoot();
      const counts = (place: SealedPlace | 'recovery-codes') =>
        uses
          .filter((use) => use.place === place)
          .map(({ rootId, count }) => `${String(rootId)} ${String(count)}`)
          .toSorted((one, other) => one.localeCompare(other));
      assert.deepEqual(counts('authenticators'), [`${oldId} 2`]);
      assert.deepEqual(counts('outbox'), [`${oldId} 1`]);
      assert.deepEqual(counts('idempotency'), [`${oldId} 1`]);
      const codes = [`${oldId} 1`, `${newId} 1`, 'null 1'];
      assert.deepEqual(
        counts('recovery-codes'),
        codes.toSorted((one, other) => one.localeCompare(other)),
      );
    });

    test('under a lost key are removed, those under a known one stay', async () => {
      const { stores } = await filled();
      const { sealedValues } = stores;
      for (const place of sealedPlaces) {
        assert.equal(await sealedValues.removeOthers(place, [newId, oldId]), 0, place);
      }
      await stores.signingKeys.create({
        kid: 'known',
        sealedPrivateJwk: sealer.seal('signing', 'signing-keys:known'),
        publicJwk: '{}',
        createdAt: NOON,
      });

      for (const place of sealedPlaces) {
        const removed = await sealedValues.removeOthers(place, [newId]);
        assert.equal(removed, place === 'authenticators' ? 2 : 1, place);
      }
      const [kept, ...others] = await stores.signingKeys.list();
      assert.deepEqual([kept?.kid, others], ['known', []]);
      // Mails without a link, and requests under way, are nobody's secret.
      assert.equal(await stores.outbox.count(), 1);
    });

    test('say that there are none in an empty database', async () => {
      const { stores } = await engine.fresh();
      assert.equal(await stores.sealedValues.anyRoot(), null);
      assert.deepEqual(await stores.sealedValues.countByRoot(), []);
      assert.equal(await (await filled()).stores.sealedValues.anyRoot(), oldId);
    });

    let filledDatabase: Promise<SqlDatabase>;
    async function filled() {
      filledDatabase = engine.fresh();
      const database = await filledDatabase;
      return { database, stores: database.stores, id: await fill(database) };
    }
  });

  describe('work that is done alone', () => {
    test('is done by one at a time, on whatever instance; then by the next', async () => {
      const location = await engine.newLocation();
      const [one, other] = [engine.open(location), engine.open(location)];
      await one.migrate();
      const { promise: end, resolve: finish } = Promise.withResolvers<string>();

      const begun = Promise.withResolvers<void>();

      const first = one.alone('rotation', () => {
        begun.resolve();
        return end;
      });
      await begun.promise;
      const second = await other.alone('rotation', async () => 'too early');
      assert.deepEqual(second, { ok: false, reason: 'under-way' });
      assert.equal((await other.alone('import', async () => 'else')).ok, true);
      // The database itself is not held up meanwhile.
      await addUser(other);
      finish('done');
      assert.deepEqual(await first, { ok: true, value: 'done' });
      assert.equal((await other.alone('rotation', async () => 'next')).ok, true);
    });

    test('that fails leaves the way free', async () => {
      const database = await engine.fresh();
      await assert.rejects(
        database.alone('rotation', () => Promise.reject(new Error('changed its mind'))),
      );
      assert.equal((await database.alone('rotation', async () => 'next')).ok, true);
    });

    test('of a process that was killed is nobody else’s to wait for', async () => {
      const location = await engine.newLocation();
      const database = engine.open(location);
      await database.migrate();
      const place =
        location.kind === 'sqlite' ? location : { kind: 'postgres', url: location.url.reveal() };
      const script = `
        import { openDatabase } from ${JSON.stringify(new URL('../../src/stores/sql/database.ts', import.meta.url).href)};
        import { Secret } from ${JSON.stringify(new URL('../../src/platform/secret.ts', import.meta.url).href)};
        import { randomBytes } from 'node:crypto';
        const place = ${JSON.stringify(place)};
        if (place.url) place.url = new Secret(place.url);
        const database = openDatabase(place, { random: { bytes: randomBytes } });
        await database.alone('rotation', async () => {
          console.log('at work');
          await new Promise(() => setInterval(() => {}, 1000));
        });`;
      const victim = start('node', ['--no-warnings', '--input-type=module', '-e', script]);
      await victim.says(/at work/);
      assert.equal((await database.alone('rotation', async () => 'me')).ok, false);
      await victim.stop('SIGKILL');

      // The server notices the end of a connection a moment later.
      for (let tries = 0; tries < 100; tries += 1) {
        if ((await database.alone('rotation', async () => 'me')).ok) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.fail('The lock outlived its process.');
    });
  });
});

function from(rootId: string) {
  return { rootId, after: null, limit: 100 };
}
