/** A password that was stolen before a reset, tried over the API after it (G8). */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { eraseSecondFactors } from '../../../src/flows/admin/resets/erase.ts';
import { callApi, enrollOverApi } from '../../support/api-client.ts';
import { sure } from '../../support/flow-world.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';

let portal: TestPortal;
before(async () => {
  portal = await startPortal();
});
after(() => portal.stop());

test('enrolls nothing, obtains no token, and old tokens are dead', async () => {
  const anna = await portal.addPerson('anna');
  const { token } = await enrollOverApi(portal.visitor(), portal.clock, anna);
  const user = sure(await portal.flows.stores.users.findByUsername('anna'));
  const now = portal.clock.now();
  await portal.flows.stores.transaction(async (stores) => {
    await eraseSecondFactors(portal.flows, stores, user, now);
    await stores.users.setEnrollGuard(user.id, { since: now, supervisedUntil: null });
  });

  const thief = portal.visitor();
  assert.equal((await callApi(thief, 'GET /mfa', { token })).status, 401);
  const login = await callApi(thief, 'POST /auth/login', { body: anna });
  assert.deepEqual([login.status, login.code], [403, 'enrollment-required']);
  assert.equal(login.body.token, undefined);
  const by = { token: login.body.enrollment_token };
  const setUp = await callApi(thief, 'POST /mfa/setup', by);
  assert.deepEqual([setUp.status, setUp.code], [403, 'enrollment-link-required']);
  const verify = await callApi(thief, 'POST /mfa/verify', { ...by, body: { code: '123456' } });
  assert.deepEqual([verify.status, verify.code], [403, 'enrollment-link-required']);

  await portal.flows.stores.users.setEnrollGuard(user.id, {
    since: now,
    supervisedUntil: portal.clock.now() + 900_000,
  });
  assert.equal((await callApi(thief, 'POST /mfa/setup', by)).status, 200, 'but with a colleague');
});
