/** People in grace, as they meet it: the page once a day, the line on our pages, and the end of it. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { createTenant, setTenant } from '../../../src/flows/admin/tenants.ts';
import { createUser } from '../../../src/flows/admin/users.ts';
import { type FakeUpstream, startFakeUpstream } from '../../support/fake-upstream.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { nextCode, signIn } from '../../support/http-verbs.ts';
import { passwordOf, startGateway, type TestGateway } from '../../support/start-gateway.ts';
import { textsMarked, type WebClient } from '../../support/web-client.ts';

const hourSeconds = 3600;
const daySeconds = 24 * hourSeconds;
const target = '/app/users?tab=groups';

const clock = fixedClock();
let upstream: FakeUpstream;
let gateway: TestGateway;

before(async () => {
  upstream = await startFakeUpstream();
  gateway = await startGateway({
    clock,
    settings: {
      portal: { timeZone: 'Africa/Johannesburg' },
      sessions: { idle: '30d', absolute: '60d' },
      routes: [
        {
          name: 'app',
          path: '/app/**',
          upstream: upstream.origin,
          rules: [{ requires: { level: 1 } }],
        },
      ],
    },
  });
});
after(async () => {
  await gateway.close();
  await upstream.stop();
});

/** Somebody of a tenant of their own, which demands a second factor five days from now. */
async function inGrace(username: string, groups: readonly string[] = []): Promise<WebClient> {
  const { flows } = gateway.composition;
  const tenant = `of-${username}`;
  assert.ok((await createTenant(flows, { name: tenant })).ok);
  const person = { username, groups, tenant, password: passwordOf(username) };
  assert.ok((await createUser(flows, person)).ok);
  clock.advance(1);
  await demand(username, 5);
  return gateway.newClient();
}

async function demand(username: string, gracePeriodDays: number): Promise<void> {
  const settings = { isMfaRequired: true, gracePeriodDays };
  const { flows } = gateway.composition;
  assert.ok((await setTenant(flows, { name: `of-${username}`, settings })).ok);
}

const signedIn = (client: WebClient, username: string) =>
  signIn(client, { target, username, password: passwordOf(username) });

const left = (text: string) =>
  new RegExp(`You have ${text} left to set up a second step \\(until `);

describe('the reminder', () => {
  test('comes on the way to a page, says until when, and goes on where the person wanted to go', async () => {
    const dan = await inGrace('dan');

    const reminder = await signedIn(dan, 'dan');
    assert.equal(reminder.url.pathname, '/_mfa/reminder');
    assert.match(
      reminder.body,
      /You have 5 days left to set up a second step \(until Sat 7 Mar, 14:00 SAST\)\./,
    );
    const landed = await dan.submit(reminder, { action: 'later' });

    assert.deepEqual([landed.status, landed.url.pathname + landed.url.search], [200, target]);
    assert.equal(landed.headers['sallyport-enroll-by'], '2026-03-07T12:00:01Z');
    assert.equal((await dan.open(target)).url.pathname, '/app/users');
  });

  test('comes again the next day, and is not satisfied by looking at it', async () => {
    const eve = await inGrace('eve');
    const first = await signedIn(eve, 'eve');
    assert.equal((await eve.open(target)).url.pathname, '/_mfa/reminder');
    await eve.submit(first, { action: 'later' });

    clock.advance(daySeconds - 1);
    assert.equal((await eve.open(target)).url.pathname, '/app/users');
    clock.advance(1);
    const second = await eve.open(target);
    assert.equal(second.url.pathname, '/_mfa/reminder');
    assert.match(second.body, left('4 days'));
  });

  test('leads to the page on which any one second factor can be set up, and back', async () => {
    const fay = await inGrace('fay');
    const reminder = await signedIn(fay, 'fay');
    const href = /href="([^"]*\/enroll\?[^"]*)"/.exec(reminder.body)?.[1] ?? assert.fail();

    const enroll = await fay.open(new URL(href.replaceAll('&amp;', '&'), reminder.url).href);
    assert.equal(enroll.url.pathname, '/_mfa/enroll');
    const totp = /href="([^"]*\/enroll\/totp\?[^"]*)"/.exec(enroll.body)?.[1] ?? assert.fail();
    const form = await fay.open(new URL(totp.replaceAll('&amp;', '&'), enroll.url).href);
    const [secret = ''] = textsMarked(form, 'data-totp-secret');
    const codes = await fay.submit(form, { code: nextCode(clock, secret) });
    const landed = await fay.submit(codes, { stored: 'yes' });

    assert.equal(landed.url.pathname, '/app/users');
    assert.equal(landed.headers['sallyport-enroll-by'], undefined);
    assert.doesNotMatch((await fay.open('/_mfa/account')).body, /left to set up/);
  });

  test('has nothing to say to whom nothing is due of', async () => {
    await gateway.addUser({ username: 'gus', groups: [] });
    const gus = gateway.newClient();
    await signedIn(gus, 'gus');

    assert.equal((await gus.open('/_mfa/reminder')).url.pathname, '/_mfa/account');
    assert.equal((await gus.visit('/_mfa/reminder')).status, 302);
  });

  test('takes no other answer, and none without its form', async () => {
    const hal = await inGrace('hal');
    const reminder = await signedIn(hal, 'hal');

    assert.equal((await hal.post(reminder, { action: 'never' })).status, 400);
    const forged = await hal.visit('/_mfa/reminder', {
      method: 'POST',
      body: 'action=later',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.test' },
    });
    assert.equal(forged.status, 403);
    const user = await gateway.composition.flows.stores.users.findByUsername('hal');
    assert.equal(user?.remindedAt, null);
  });

  test('puts off nothing but itself: the deadline stays', async () => {
    const ida = await inGrace('ida');
    await ida.submit(await signedIn(ida, 'ida'), { action: 'later' });

    await demand('ida', 0);

    assert.equal((await ida.open(target)).url.pathname, '/_mfa/enroll');
  });
});

describe('the line on our pages', () => {
  test('counts down in days, then in hours, and leads to setting up', async () => {
    const joe = await inGrace('joe');
    await signedIn(joe, 'joe');
    const account = async () => (await joe.open('/_mfa/account')).body;

    assert.match(await account(), left('5 days'));
    assert.match(await account(), /href="\/_mfa\/enroll">Set it up now</);
    clock.advance(3 * daySeconds + hourSeconds);
    assert.match(await account(), left('47 hours'));
    clock.advance(46.5 * hourSeconds);
    assert.match(await account(), left('less than an hour'));
  });

  test('is not on the pages that are about it', async () => {
    const kim = await inGrace('kim');
    await signedIn(kim, 'kim');

    for (const [page, times] of [
      ['/_mfa/reminder', 1],
      ['/_mfa/enroll', 0],
      ['/_mfa/enroll/totp', 0],
      ['/_mfa/sign-out', 1],
    ] as const) {
      const { body } = await kim.open(page);
      assert.equal(body.split('left to set up a second step').length - 1, times, page);
    }
  });
});

describe('after the grace', () => {
  test('nothing opens, not even the account, until a second step is set up', async () => {
    const lea = await inGrace('lea');
    await lea.submit(await signedIn(lea, 'lea'), { action: 'later' });
    clock.advance(5 * daySeconds);

    const enroll = await lea.open(target);
    assert.equal(enroll.url.pathname, '/_mfa/enroll');
    assert.match(enroll.body, /Example Corp asks for a second step before you can continue/);
    assert.equal((await lea.open('/_mfa/account')).url.pathname, '/_mfa/enroll');
    assert.equal((await lea.open('/_mfa/reminder')).url.pathname, '/_mfa/enroll');
    const call = await lea.call(target);
    assert.deepEqual(
      [call.status, call.headers['sallyport-response']],
      [403, 'enrollment-required'],
    );
  });

  test('whoever administers is no exception', async () => {
    const max = await inGrace('max', ['PROJECT-OWNERS']);
    await signedIn(max, 'max');
    clock.advance(5 * daySeconds);

    assert.equal((await max.open(target)).url.pathname, '/_mfa/enroll');
  });
});
