/** What an upstream is told of who asks, and when it is told anew. */

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { Config } from '../../../src/config/config.ts';
import type { SessionKey } from '../../../src/core/ids.ts';
import { portalAt } from '../../../src/core/locations.ts';
import { type IdentityOf, identitySource } from '../../../src/gateway/identity-headers.ts';
import type { AssertionClaims } from '../../../src/platform/signing.ts';
import { aPolicy, aPrincipal, aProof, aRoute, aSession, NOON } from '../../support/builders.ts';
import { type FixedClock, fixedClock } from '../../support/fixed-clock.ts';

const settings = {
  portal: portalAt('https://console.example.com/_mfa') as Config['portal'],
  policy: aPolicy(),
};
const route = aRoute({ name: 'console' });
const session = aSession({ proofs: [aProof('password'), aProof('totp')], enrolled: ['totp'] });

describe('identity headers', () => {
  let clock: FixedClock;
  let signed: AssertionClaims[];
  let identityOf: IdentityOf;

  beforeEach(() => {
    clock = fixedClock();
    signed = [];
    identityOf = identitySource({
      clock,
      signer: {
        async sign(claims) {
          signed.push(claims);
          return `assertion-${String(signed.length)}`;
        },
      },
    });
  });

  test('say the same as the assertion among them', async () => {
    const principal = aPrincipal({ groups: ['SEC-OPS', 'AUDIT'] });
    const headers = await identityOf({ ...session, principal }, route, settings);
    assert.deepEqual(headers, {
      'Remote-User': 'anna',
      'Remote-Groups': 'SEC-OPS,AUDIT',
      'Remote-Name': 'Anna Example',
      'Remote-Email': 'anna@example.com',
      'X-Sallyport-Assertion': 'assertion-1',
    });
    assert.deepEqual(signed, [
      {
        iss: 'https://console.example.com/_mfa',
        aud: 'console',
        sub: 'usr_anna',
        preferred_username: 'anna',
        name: 'Anna Example',
        email: 'anna@example.com',
        groups: ['SEC-OPS', 'AUDIT'],
        tenant: 'default',
        tier: 'TIER1',
        acr: 'aal2',
        amr: ['mfa', 'otp', 'pwd'],
        auth_time: NOON / 1000,
      },
    ]);
  });

  test('are made once in half a minute for a session on a route', async () => {
    for (const seconds of [0, 29]) {
      clock.set(NOON + seconds * 1000);
      await identityOf(session, route, settings);
    }
    assert.equal(signed.length, 1);
    clock.set(NOON + 30_000);
    await identityOf(session, route, settings);
    assert.equal(signed.length, 2);
  });

  test('are made anew when the clock went back', async () => {
    await identityOf(session, route, settings);
    clock.advance(-1);
    await identityOf(session, route, settings);
    assert.equal(signed.length, 2);
  });

  // Regression of a class: CVE-2026-33496, CVE-2021-32701 — a cache that forgot an input.
  test('are made anew for every change of what they are made of', async () => {
    const { principal } = session;
    const changes = [
      { ...session, key: 'another' as SessionKey },
      { ...session, principal: { ...principal, groups: ['NEW'] } },
      { ...session, principal: { ...principal, groups: ['OLD'] } },
      { ...session, principal: { ...principal, groups: [] } },
      { ...session, principal: { ...principal, displayName: 'Anna Other' } },
      { ...session, principal: { ...principal, email: null } },
      { ...session, proofs: [aProof('password')] },
      { ...session, proofs: [aProof('password'), aProof('totp', { at: NOON - 1000 })] },
      { ...session, proofs: [aProof('password'), aProof('recovery-code')] },
    ];
    await identityOf(session, route, settings);
    for (const [index, change] of changes.entries()) {
      await identityOf(change, route, settings);
      assert.equal(signed.length, index + 2, JSON.stringify(change.principal));
    }
    const before = signed.length;
    await identityOf(session, aRoute({ name: 'another' }), settings);
    await identityOf(session, route, { ...settings, policy: aPolicy() });
    assert.equal(signed.length, before + 2);
  });

  test('escape what no header may hold', async () => {
    const principal = aPrincipal({ displayName: 'Anna\r\nRemote-User: root', groups: ['a,b'] });
    const headers = await identityOf({ ...session, principal }, route, settings);
    assert.equal(headers['Remote-Name'], 'Anna%0D%0ARemote-User: root');
    assert.equal(headers['Remote-Groups'], 'a%2Cb');
  });
});
