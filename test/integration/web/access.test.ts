/** Who comes in at each page, at each stage of a sign-in (G6, G8). */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { endpoints } from '../../../src/web/endpoints.ts';
import { aPolicy, anMfaPolicy, aRoute, aRule } from '../../support/builders.ts';
import { type Enrolled, enrollAtSignIn, nextCode } from '../../support/http-verbs.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';
import { textsMarked, type WebClient } from '../../support/web-client.ts';

const pages = [
  '/sign-in',
  '/challenge',
  '/challenge/recovery-code',
  '/enroll',
  '/enroll/totp',
  '/recovery-codes',
  '/step-up',
  '/account',
  '/sign-out',
] as const;

/** Every form for people who are signed in; test/integration/web/admin tries the administration's. */
const signedInForms = endpoints.filter(
  ({ who, method, path }) =>
    !['anyone', 'administrator'].includes(who) && method === 'POST' && path !== '/sign-out',
);

type Landing = (typeof pages)[number];

describe('the pages of the portal, at each stage', () => {
  let portal: TestPortal;
  let ben: Enrolled;
  const stages: Record<string, WebClient> = {};

  const afterPassword = async (username: string): Promise<WebClient> => {
    const client = portal.visitor();
    const password = ben.password;
    await client.post(await client.open('/_mfa/sign-in'), { username, password });
    return client;
  };

  before(async () => {
    portal = await startPortal();
    const { clock } = portal;
    const person = await portal.addPerson('ben', ['SEC-OPS']);
    ben = await enrollAtSignIn(portal.visitor(), { target: '/_mfa/sign-in', ...person, clock });
    await portal.addPerson('nina', ['SEC-OPS']);
    await portal.addPerson('hal', ['SEC-OPS']);
    await portal.addPerson('dan');

    stages['nobody'] = portal.visitor();
    stages['owes a code'] = await afterPassword('ben');
    stages['must enroll'] = await afterPassword('nina');
    stages['must store codes'] = await afterPassword('hal');
    const enrollment = await stages['must store codes'].open('/_mfa/enroll/totp');
    const [secret = ''] = textsMarked(enrollment, 'data-totp-secret');
    await stages['must store codes'].post(enrollment, { code: nextCode(clock, secret) });
    stages['complete'] = ben.client;
    stages['obliged to nothing'] = await afterPassword('dan');
  });

  after(() => portal.stop());

  // Where somebody lands who asks for each page, in the order of `pages`.
  // prettier-ignore
  const grid: Readonly<Record<string, readonly Landing[]>> = {
    'nobody': [
      '/sign-in', '/sign-in', '/sign-in', '/sign-in', '/sign-in',
      '/sign-in', '/sign-in', '/sign-in', '/sign-out',
    ],
    'owes a code': [
      '/challenge', '/challenge', '/challenge/recovery-code', '/challenge', '/challenge',
      '/challenge', '/challenge', '/challenge', '/sign-out',
    ],
    'must enroll': [
      '/enroll', '/enroll', '/enroll', '/enroll', '/enroll/totp',
      '/recovery-codes', '/enroll', '/enroll', '/sign-out',
    ],
    'must store codes': [
      '/enroll', '/enroll', '/enroll', '/enroll', '/enroll',
      '/recovery-codes', '/step-up', '/enroll', '/sign-out',
    ],
    'complete': [
      '/account', '/account', '/account', '/account', '/enroll/totp',
      '/recovery-codes', '/step-up', '/account', '/sign-out',
    ],
    'obliged to nothing': [
      '/account', '/account', '/account', '/enroll', '/enroll/totp',
      '/recovery-codes', '/enroll', '/account', '/sign-out',
    ],
  };

  for (const [stage, landings] of Object.entries(grid)) {
    for (const [index, page] of pages.entries()) {
      const landing = landings[index] ?? '/account';
      test(`somebody who is at "${stage}" and asks for ${page} lands on ${landing}`, async () => {
        const answer = await stages[stage]?.open(`/_mfa${page}`);

        assert.equal(answer?.status, 200);
        assert.equal(answer.url.pathname, `/_mfa${landing}`);
        assert.equal(answer.headers['sallyport-response'], 'ok');
      });
    }
  }

  test('posting instead of asking opens nothing more', async () => {
    for (const endpoint of signedInForms) {
      const answer = await portal.visitor().visit(`/_mfa${endpoint.path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'code=123456&return_to=%2Fadmin',
      });
      assert.equal(answer.status, 303, endpoint.path);
      assert.equal(
        answer.headers.location,
        'http://console.test/_mfa/sign-in?return_to=http%3A%2F%2Fconsole.test%2Fadmin',
      );
      assert.equal(answer.headers['sallyport-response'], 'not-signed-in');
    }
  });

  test('programs get a document in place of a redirect', async () => {
    const answer = await portal.visitor().call('/_mfa/account');
    const owing = await stages['owes a code']?.call('/_mfa/account');
    const enrolling = await stages['must enroll']?.call('/_mfa/account');

    assert.equal(answer.status, 401);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    assert.equal((JSON.parse(answer.body) as { code: string }).code, 'not-signed-in');
    assert.equal(owing?.headers['sallyport-response'], 'second-factor-required');
    assert.equal(enrolling?.headers['sallyport-response'], 'enrollment-required');
  });

  test('a session is over one second after its idle time, and after its whole time', async () => {
    const person = await portal.addPerson('iris');
    const signIn = async (): Promise<WebClient> => {
      const client = portal.visitor();
      await client.post(await client.open('/_mfa/sign-in'), { ...person });
      return client;
    };
    const idle = await signIn();
    portal.clock.advance(1801);
    assert.equal((await idle.open('/_mfa/account')).url.pathname, '/_mfa/sign-in');

    const busy = await signIn();
    for (let minutes = 0; minutes < 720; minutes += 20) {
      assert.equal((await busy.open('/_mfa/account')).url.pathname, '/_mfa/account');
      portal.clock.advance(20 * 60);
    }
    portal.clock.advance(1);
    assert.equal((await busy.open('/_mfa/account')).url.pathname, '/_mfa/sign-in');
  });
});

describe('somebody whom the gateway sends for a passkey', () => {
  const rules = [aRule({ requires: { isPhishingResistant: true } })];
  const open: TestPortal[] = [];
  const openPortal = async (origin: string): Promise<TestPortal> => {
    const portal = await startPortal({ origin, routes: [aRoute({ rules })] });
    open.push(portal);
    return portal;
  };

  after(() => Promise.all(open.map(async (portal) => portal.stop())));

  test('is led to it, and is not sent round in a circle', async () => {
    const portal = await openPortal('http://console.test');
    const person = await portal.addPerson('ben', ['SEC-OPS']);
    const { clock } = portal;
    const target = '/_mfa/sign-in';
    const { client } = await enrollAtSignIn(portal.visitor(), { target, ...person, clock });

    // Whoever comes for a step-up that nothing they have could pass goes the same way.
    for (const path of ['/_mfa/enroll?return_to=%2Fadmin', '/_mfa/step-up?return_to=%2Fadmin']) {
      const page = await client.open(path);
      assert.equal(page.url.pathname, '/_mfa/enroll');
      assert.match(page.body, /href="[^"]*\/enroll\/passkey\?return_to=[^"]*"/);
    }
  });

  test('is told where there can be none, since the site has no name', async () => {
    const portal = await openPortal('http://192.0.2.7');
    const person = await portal.addPerson('ben', ['SEC-OPS']);
    const { clock } = portal;
    const target = '/_mfa/sign-in';
    const { client } = await enrollAtSignIn(portal.visitor(), { target, ...person, clock });

    const page = await client.open('/_mfa/enroll?return_to=%2Fadmin');
    assert.equal(page.url.pathname, '/_mfa/enroll');
    assert.match(page.body, /Not available/);
    assert.match(page.body, /reached by a number, 192\.0\.2\.7/);
    assert.match(page.body, /Nothing more can be set up here for now/);

    const form = await client.open('/_mfa/enroll/passkey');
    assert.match(form.body, /reached by a number, 192\.0\.2\.7/);
    assert.doesNotMatch(form.body, /<form/);
    const signIn = await portal.visitor().open('/_mfa/sign-in');
    assert.doesNotMatch(signIn.body, /data-passkey/);
  });
});

describe('a person whom the policy obliges to a passkey', () => {
  let portal: TestPortal;

  before(async () => {
    const tier0 = { isEnabled: true, requiredForTiers: ['TIER0'] } as const;
    const mfa = anMfaPolicy({ totp: tier0, webauthn: tier0, recoveryCodes: tier0 });
    portal = await startPortal({ policy: aPolicy({ mfa }) });
  });

  after(() => portal.stop());

  test('is asked for it after the app and the codes, and is let in nowhere before', async () => {
    const person = await portal.addPerson('anna', ['AI-PLATFORM-ADMINS']);
    const enrolled = await enrollAtSignIn(portal.visitor(), {
      target: '/_mfa/sign-in?return_to=%2Fadmin',
      ...person,
      clock: portal.clock,
    });

    assert.equal(enrolled.landed.url.pathname, '/_mfa/enroll');
    assert.match(enrolled.landed.body, /\/enroll\/passkey/);
    assert.equal((await enrolled.client.open('/_mfa/account')).url.pathname, '/_mfa/enroll');
  });
});
