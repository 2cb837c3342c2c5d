/** The session cookie as browsers get it, and what is believed of the ones that come back. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { OwnCookies } from '../../src/core/cookie-names.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { openSessions } from '../../src/stores/sessions/choose.ts';
import { openDatabase } from '../../src/stores/sql/database.ts';
import type { User } from '../../src/stores/types.ts';
import { addUser } from '../contract/support/engines.ts';
import {
  lifetimes,
  openPortal,
  plainCookies,
  recordOf,
  sessionIn,
  type SessionBench,
  type TestPortal,
} from '../contract/support/session-places.ts';
import { fixedClock, NOON } from '../support/fixed-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const folder = temporaryFolder();
let bench: SessionBench;
let anna: User;
const portals: TestPortal[] = [];

before(async () => {
  const database = openDatabase(
    { kind: 'sqlite', file: `${folder.path}/sallyport.db` },
    { random: systemRandom },
  );
  await database.migrate();
  const clock = fixedClock();
  const open = () =>
    openSessions({ location: { kind: 'database' }, database, clock, lifetimes: () => lifetimes });
  bench = { ...open(), database, clock, anotherInstance: open };
  anna = await addUser(database);
});
after(async () => {
  for (const portal of portals) await portal.close();
  await bench.database.close();
  folder.remove();
});

async function portalWith(
  cookies: Partial<OwnCookies>,
  options: { readonly isSecure: boolean },
): Promise<TestPortal> {
  const portal = await openPortal(bench, { cookies: { ...plainCookies, ...cookies }, ...options });
  portals.push(portal);
  return portal;
}

describe('the session cookie', () => {
  test('is for this host, this browser session and no script, over https', async () => {
    const cookies = { session: '__Host-sallyport', isSecure: true };
    const portal = await portalWith(cookies, { isSecure: true });

    const { setCookie } = await portal.begin(recordOf(anna, { now: NOON }));

    assert.match(
      setCookie ?? '',
      /^__Host-sallyport=s%3A[\w-]{43}\.[\w%]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
  });

  test('names a domain only where it is given one', async () => {
    const cookies = {
      session: '__Secure-sallyport',
      isSecure: true,
      sessionDomain: 'example.com',
    };
    const portal = await portalWith(cookies, { isSecure: true });

    const { setCookie } = await portal.begin(recordOf(anna, { now: NOON }));

    assert.match(
      setCookie ?? '',
      /; Domain=example\.com; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
  });

  test('works over plain http on loopback', async () => {
    const portal = await portalWith({}, { isSecure: false });
    const { setCookie } = await portal.begin(recordOf(anna, { now: NOON }));
    assert.match(setCookie ?? '', /^sallyport=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  test('is not sent over plain http where https is due, whatever a header says of it', async () => {
    const cookies = { session: '__Host-sallyport', isSecure: true };
    const portal = await portalWith(cookies, { isSecure: false });
    const { setCookie } = await portal.begin(recordOf(anna, { now: NOON }));
    assert.equal(setCookie, null);
  });

  test('is sent once: pages that only read set none', async () => {
    const portal = await portalWith({}, { isSecure: false });
    const { cookie } = await portal.begin(recordOf(anna, { now: NOON }));
    const { user, setCookie } = await portal.read(cookie ?? undefined);
    assert.deepEqual([user, setCookie], [anna.id, null]);
  });

  test('is believed nowhere when it comes twice', async () => {
    const portal = await portalWith({}, { isSecure: false });
    const { cookie } = await portal.begin(recordOf(anna, { now: NOON }));
    const twice = `${String(cookie)}; ${String(cookie)}`;

    assert.equal((await portal.read(twice)).user, null);
    assert.equal(await sessionIn(bench, twice), null);
  });

  test('is nobody when it is made up, and the visitor is served all the same', async () => {
    const portal = await portalWith({}, { isSecure: false });
    for (const made of ['sallyport=s%3Ax.y', 'sallyport=%E0%A4%A', 'sallyport', '=;=;;']) {
      const { status, user, setCookie } = await portal.read(made);
      assert.deepEqual([status, user, setCookie], [200, null, null], made);
    }
  });
});
