/** What pages know of where a person is going. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Config } from '../../../src/config/config.ts';
import { portalAt } from '../../../src/core/locations.ts';
import { administrationRoute } from '../../../src/core/policy/administration.ts';
import { methodCondition } from '../../../src/core/policy/conditions/method.ts';
import type { Requirement } from '../../../src/core/policy/requirement.ts';
import type { AccessPolicy } from '../../../src/core/policy/mfa-policy.ts';
import type { Network } from '../../../src/core/cidr.ts';
import type { Route } from '../../../src/core/route.ts';
import { addSeconds } from '../../../src/core/time.ts';
import { destinationOf, outlookOf, returnOrigins } from '../../../src/web/destination.ts';
import {
  anMfaPolicy,
  aNetwork,
  aPrincipal,
  aPolicy,
  aProof,
  aRequest,
  aRoute,
  aRule,
  aSession,
  NOON,
} from '../../support/builders.ts';

const target = 'https://console.example.com/admin/users/7?tab=mail';

/** Somebody with an authenticator app, signed in with both factors an hour ago. */
const session = aSession({
  enrolled: ['totp'],
  recoveryCodesLeft: 10,
  proofs: [
    aProof('password', { at: addSeconds(NOON, -3600) }),
    aProof('totp', { at: addSeconds(NOON, -3600) }),
  ],
});

function configWith(routes: readonly Route[], cookieDomain: string | null = null): Config {
  const portal = portalAt('https://console.example.com/_mfa');
  return {
    server: { publicUrl: 'https://console.example.com' },
    portal: { ...portal, cookieDomain },
    policy: aPolicy(),
    administration: administration(null),
    routes,
  } as unknown as Config;
}

/** The way to the administration, from a network or from everywhere. */
function administration(network: Network | null): Route {
  const { roleGroups } = aPolicy();
  return administrationRoute({ network, roleGroups, stepUpWithinSeconds: 600 });
}

const outlook = (requires: Partial<Requirement>, returnTo: string | null = target) =>
  outlookOf({
    config: configWith([aRoute({ rules: [aRule({ requires })] })]),
    request: aRequest(),
    session,
    now: NOON,
    returnTo,
  });

const at = (returnTo: string | null, route: Partial<Omit<Route, 'host' | 'path'>> = {}) =>
  destinationOf({ config: configWith([aRoute(route)]), request: aRequest(), returnTo });

describe('the outlook', () => {
  test('of somebody who goes nowhere in particular is that every code helps', () => {
    assert.deepEqual(outlook({}, null), {
      isStepUpToOpen: false,
      methodsThatHelp: ['webauthn', 'totp', 'recovery-code'],
      toEnroll: [],
      choices: [],
    });
  });

  test('knows that the page itself asks for a fresh proof', () => {
    const { isStepUpToOpen, methodsThatHelp } = outlook({ withinSeconds: 300 });

    assert.equal(isStepUpToOpen, true);
    assert.deepEqual(methodsThatHelp, ['webauthn', 'totp', 'recovery-code']);
  });

  test('knows that only something done there asks for it', () => {
    const rules = [
      aRule({ conditions: [methodCondition(['GET'])] }),
      aRule({ requires: { withinSeconds: 300 } }),
    ];
    const result = outlookOf({
      config: configWith([aRoute({ rules })]),
      request: aRequest(),
      session,
      now: NOON,
      returnTo: target,
    });

    assert.equal(result.isStepUpToOpen, false);
  });

  test('leaves out codes that the rule does not accept', () => {
    const { methodsThatHelp } = outlook({ withinSeconds: 300, methods: ['totp'] });
    assert.deepEqual(methodsThatHelp, ['totp']);
  });

  test('names what must be enrolled first, so that nobody is sent round in a circle', () => {
    assert.deepEqual(outlook({ isPhishingResistant: true }).toEnroll, ['webauthn']);
  });

  test('leaves the choice where any method would do', () => {
    const { toEnroll, choices } = outlookOf({
      config: configWith([aRoute()]),
      request: aRequest(),
      session: aSession({ enrolled: [], proofs: [aProof('password', { at: NOON })] }),
      now: NOON,
      returnTo: target,
    });
    assert.deepEqual(toEnroll, []);
    assert.deepEqual(choices, ['totp', 'webauthn']);
  });
});

describe('the outlook on the administration', () => {
  const sysadmin = { ...session, principal: aPrincipal({ groups: ['AI-PLATFORM-ADMINS'] }) };
  const on = (policy: AccessPolicy) =>
    outlookOf({
      config: { ...configWith([]), policy },
      request: aRequest(),
      session: { ...sysadmin, enrolled: ['totp', 'webauthn'] },
      now: NOON,
      returnTo: 'https://console.example.com/_mfa/admin/settings',
    });

  test('is that a fresh proof opens it', () => {
    const { isStepUpToOpen, toEnroll } = on(aPolicy());
    assert.equal(isStepUpToOpen, true);
    assert.deepEqual(toEnroll, []);
  });

  test('is that a fresh proof is asked for changes only, where the policy lets people look', () => {
    const mfa = anMfaPolicy({ enforcement: { stepsUpForAdminConsole: false } });
    const { isStepUpToOpen, methodsThatHelp } = on(aPolicy({ mfa }));
    assert.equal(isStepUpToOpen, false);
    assert.deepEqual(methodsThatHelp, ['webauthn', 'totp', 'recovery-code']);
  });
});

describe('the destination', () => {
  test('is the route in words and the path below it', () => {
    assert.deepEqual(at(target), { name: 'Admin console', path: '/admin/users/7' });
  });

  test('is not told when there is none, or no route leads there', () => {
    assert.equal(at(null), null);
    assert.equal(at('https://console.example.com/_mfa/account'), null);
    const elsewhere = configWith([aRoute({ host: 'app.example.com' })]);
    const asked = { config: elsewhere, request: aRequest() };
    assert.equal(destinationOf({ ...asked, returnTo: target }), null);
  });

  test('is the administration, by its own name and path', () => {
    const shown = at('https://console.example.com/_mfa/admin/users/usr_1?x=1');
    assert.deepEqual(shown, { name: 'Administration', path: '/admin/users/usr_1' });
    assert.equal(at('https://console.example.com/_mfa/administrators'), null);
  });

  test('is not the administration to somebody outside of its network (G3)', () => {
    const returnTo = 'https://console.example.com/_mfa/admin';
    const zone = administration(aNetwork('zone-e', ['192.0.2.0/24']));
    const config = { ...configWith([]), administration: zone };
    assert.equal(destinationOf({ config, request: aRequest(), returnTo }), null);
  });

  test('is not told to somebody outside of its network (G3)', () => {
    const network = aNetwork('zone-e', ['192.0.2.0/24']);
    assert.equal(at(target, { network }), null);
    assert.notEqual(at(target, { network: aNetwork('zone-e', ['10.20.0.0/24']) }), null);
  });
});

describe('the origins that forms may lead to', () => {
  test('are the public one, and hosts of routes that the session reaches', () => {
    const routes = [
      aRoute({ host: 'app.example.com' }),
      aRoute({ host: '*.lab.example.com' }),
      aRoute({ host: null }),
    ];

    assert.deepEqual(returnOrigins(configWith(routes)), ['https://console.example.com']);
    assert.deepEqual(returnOrigins(configWith(routes, 'example.com')), [
      'https://console.example.com',
      'https://app.example.com',
      'https://*.lab.example.com',
    ]);
  });
});
