/**
 * Resets over HTTP, from asking to enrolling again, by people who are signed in: who sees and may
 * do what, from where, with which proof, and what another tenant gets to see (G3, G5, G8).
 */

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';

import { createTenant } from '../../../../src/flows/admin/tenants.ts';
import { createUser } from '../../../../src/flows/admin/users.ts';
import type { User } from '../../../../src/stores/types.ts';
import { adminEndpoints } from '../../../../src/web/admin/endpoints.ts';
import { aNetwork } from '../../../support/builders.ts';
import { sure } from '../../../support/flow-world.ts';
import {
  type Enrolled,
  nextCode,
  signIn,
  signInWithCode,
  stepUp,
} from '../../../support/http-verbs.ts';
import { officePolicy } from '../../../support/reset-office.ts';
import { startPortal, type TestPortal } from '../../../support/start-portal.ts';
import { type Answer, textsMarked, type WebClient } from '../../../support/web-client.ts';

const password = 'wintry-lantern-94-otter';

let portal: TestPortal;
let ada: Enrolled;
let max: Enrolled;
let olga: Enrolled;
let eve: Enrolled;
let aud: Enrolled;
let zed: Enrolled;
before(async () => {
  portal = await startPortal({ policy: officePolicy() });
  await createTenant(portal.flows, { name: 'acme' });
  ada = await enter('ada', ['ADMINS']);
  max = await enter('max', ['MANAGERS']);
  olga = await enter('olga', ['SECURITY-OWNERS']);
  eve = await enter('eve', ['EXECUTORS']);
  aud = await enter('aud', ['AUDITORS']);
  zed = await enter('zed', ['ADMINS', 'EXECUTORS', 'MANAGERS', 'SECURITY-OWNERS'], 'acme');
});
after(() => portal.stop());

async function person(
  username: string,
  groups: readonly string[],
  tenant = 'default',
): Promise<User> {
  const answer = await createUser(portal.flows, { username, groups, tenant, password });
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer.user;
}

/** Somebody with an app, signed in with both factors. */
async function enter(
  username: string,
  groups: readonly string[],
  tenant = 'default',
): Promise<Enrolled> {
  await person(username, groups, tenant);
  const enrolling = portal.visitor();
  await signIn(enrolling, { target: '/_mfa/account', username, password });
  const form = await enrolling.open('/_mfa/enroll/totp');
  const [secret = ''] = textsMarked(form, 'data-totp-secret');
  const shown = await enrolling.submit(form, { code: nextCode(portal.clock, secret) });
  const recoveryCodes = textsMarked(shown, 'data-recovery-code');
  await enrolling.submit(shown, { stored: 'yes' });
  const who = { username, password, secret, recoveryCodes, landed: shown };
  return { ...who, client: await freshClient(who) };
}

async function freshClient(who: Omit<Enrolled, 'client'>): Promise<WebClient> {
  const client = portal.visitor();
  await signInWithCode(client, { target: '/_mfa/account', person: who, clock: portal.clock });
  return client;
}

/** Everybody signs in anew, with both factors: what was proved is fresh again. */
async function refresh(): Promise<void> {
  ada = { ...ada, client: await freshClient(ada) };
  max = { ...max, client: await freshClient(max) };
  olga = { ...olga, client: await freshClient(olga) };
  eve = { ...eve, client: await freshClient(eve) };
  aud = { ...aud, client: await freshClient(aud) };
  zed = { ...zed, client: await freshClient(zed) };
}

let anna: User;
let people = 0;
beforeEach(async () => {
  people += 1;
  anna = await person(`anna-${String(people)}`, ['TIER1']);
  await refresh();
});

const formPath = ({ id }: User): string => `/admin/users/${id}/reset`;
const filled = {
  reason: 'phone lost',
  ticket: 'OPS-7',
  proofing_0_kind: 'id-document',
  proofing_0_reference: 'HR-2231',
  proofing_1_kind: 'call-back',
  proofing_1_reference: '+27 21 555 0199',
};

const visit = ({ client }: Enrolled, path: string): Promise<Answer> => client.visit(`/_mfa${path}`);

/** Fills in the form whose hidden action it is, as a person does. */
async function act(
  { client }: Enrolled,
  path: string,
  action: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const asked = await client.open(`/_mfa${path}`);
  const page = asked.status === 200 ? asked : await client.open('/_mfa/admin/resets');
  // Every form of the page has the same token, and what it does stands in a hidden field.
  return client.submit({ ...page, body: onlyForm(page, path) }, { action, ...fields });
}

function onlyForm(page: Answer, path: string): string {
  const forms = [...page.body.matchAll(/<form\b[^>]*>[^]*?<\/form>/g)].map(([form]) => form);
  const form = forms.find((one) => one.includes(`action="/_mfa${path}"`));
  if (form !== undefined) return form;
  // Nothing is offered: what a program would send that knows the token of another form.
  const other = sure(forms.find((one) => one.includes('/_mfa/sign-out')));
  return other.replace('action="/_mfa/sign-out"', `action="/_mfa${path}"`);
}

/** Asks for Anna's reset; the path of the request. */
async function asked(): Promise<string> {
  const form = await ada.client.open(`/_mfa${formPath(anna)}`);
  const page = await ada.client.submit(form, filled, '/reset');
  assert.equal(page.status, 200, page.body);
  assert.match(page.url.pathname, /^\/_mfa\/admin\/resets\/rst_/);
  return page.url.pathname.replace('/_mfa', '');
}

async function approved(): Promise<string> {
  const path = await asked();
  await act(max, path, 'approve');
  await act(olga, path, 'approve');
  return path;
}

const stateOn = (body: string): string | undefined =>
  /<li class="(?:now|stopped)"[^>]*>[^]*?<strong>([^<]*)/.exec(body)?.[1];

/** The one-time link that the page shows. */
const linkOn = ({ body }: Answer): string =>
  sure(/value="(http[^"]*\/link\/[^"]*)"/.exec(body)?.[1]);

describe('a reset over the pages', () => {
  test('goes from asking to the new app of whoever was reset', async () => {
    const path = await asked();
    assert.equal(stateOn(await pageOf(ada.client, path)), 'Approved');

    const list = await pageOf(aud.client, '/admin/resets');
    assert.match(list, new RegExp(`href="/_mfa${path}">${anna.username}`));
    assert.match(list, /0\/2 approvals/);
    const person = await pageOf(aud.client, `/admin/users/${anna.id}`);
    assert.match(person, new RegExp(`href="/_mfa${path}"`));

    const first = await act(max, path, 'approve');
    assert.match(first.body, /You have approved this reset/);
    assert.match(first.body, /It waits for a security owner \(SECURITY-OWNERS\) to approve it/);
    const second = await act(olga, path, 'approve');
    assert.equal(stateOn(second.body), 'Ready');

    const done = await act(eve, path, 'execute', { enrollment: 'link' });
    assert.equal(done.status, 200);
    assert.match(done.body, /was reset/);
    const link = linkOn(done);
    const again = await act(eve, path, 'execute');
    assert.equal(again.status, 409);
    assert.ok(!again.body.includes(link), 'it is shown once');
    const page = await pageOf(ada.client, path);
    assert.ok(!page.includes('/link/'), 'and nowhere else');
    assert.match(page, /max, as Manager/);
    assert.match(page, /Called back on a known number/);

    const client = portal.visitor();
    const { username } = anna;
    const guarded = await signIn(client, { target: '/_mfa/account', username, password });
    assert.match(guarded.body, /Your second step was reset/);
    await client.submit(await client.open(link), { username, password });
    const form = await client.open('/_mfa/enroll/totp');
    const [secret = ''] = textsMarked(form, 'data-totp-secret');
    const codes = await client.submit(form, { code: nextCode(portal.clock, secret) });
    const landed = await client.submit(codes, { stored: 'yes' });
    assert.equal(landed.status, 200);
    assert.equal((await client.open('/_mfa/account')).url.pathname, '/_mfa/account');
    assert.match(await pageOf(eve.client, path), /nothing keeps them from enrolling/);
  });

  test('lets whoever executes be present instead, and open another way later', async () => {
    const path = await approved();
    const done = await act(eve, path, 'execute', { enrollment: 'supervised' });
    assert.match(done.body, /The reset is carried out/);
    const client = portal.visitor();
    const { username } = anna;
    const enroll = await signIn(client, { target: '/_mfa/account', username, password });
    assert.match(enroll.body, /Set up your second step/);
    portal.clock.advance(900);
    assert.match((await client.open('/_mfa/enroll')).body, /Your second step was reset/);

    await refresh();
    const from = `/admin/users/${anna.id}`;
    const page = await eve.client.open(`/_mfa${from}`);
    const action = `${from}/enrollment`;
    assert.ok(page.body.includes(`action="/_mfa${action}"`), 'the page of the person offers it');
    const opened = await eve.client.submit(page, { action: 'supervised' }, '/enrollment');
    assert.match(opened.body, /For a quarter of an hour/);
    assert.match((await client.open('/_mfa/enroll')).body, /Set up your second step/);
    const linked = await eve.client.submit(page, { action: 'link' }, '/enrollment');
    assert.equal((await client.open(linkOn(linked))).status, 200);
  });

  // Regression: an address with `?done=reset-executed` told whoever opened it that a reset was
  // carried out that nobody had carried out.
  test('is said to be done only to whom it is so', async () => {
    const path = await asked();
    const told = async (by: Enrolled, done: string): Promise<boolean> =>
      (await visit(by, `${path}?done=reset-${done}`)).body.includes('class="notice');
    for (const done of ['executed', 'rejected', 'cancelled', 'approved', 'requested']) {
      assert.equal(await told(olga, done), false, done);
    }
    assert.equal(await told(ada, 'requested'), true);
    await act(olga, path, 'approve');
    assert.deepEqual([await told(olga, 'approved'), await told(max, 'approved')], [true, false]);
    assert.equal(await told(ada, 'requested'), false);
  });

  test('is rejected and cancelled with a reason, and shows who and why', async () => {
    const path = await asked();
    const without = await act(olga, path, 'reject', { reason: ' ' });
    assert.equal(without.status, 422);
    assert.match(without.body, /id="reject-reason-error">Fill in the reason/);
    const rejected = await act(olga, path, 'reject', { reason: 'it was <b>not</b> her' });
    assert.equal(stateOn(rejected.body), 'Rejected');
    assert.match(rejected.body, /Reason: it was &lt;b&gt;not&lt;\/b&gt; her/);

    const second = await asked();
    const cancelled = await act(ada, second, 'cancel', { reason: 'found it' });
    assert.equal(stateOn(cancelled.body), 'Cancelled');
    const list = await pageOf(ada.client, `/admin/resets?state=cancelled&person=${anna.username}`);
    assert.match(list, new RegExp(second));
    assert.ok(!list.includes(path));
  });

  test('keeps what was typed into a form that was refused, and says what is missing', async () => {
    const form = await ada.client.open(`/_mfa${formPath(anna)}`);
    const { proofing_1_kind: _kind, proofing_1_reference: _reference, ...little } = filled;
    const page = await ada.client.submit(form, { ...little, ticket: '' }, '/reset');
    assert.equal(page.status, 422);
    assert.match(page.body, />phone lost<\/textarea>/);
    assert.match(page.body, /value="HR-2231"/);
    assert.match(page.body, /id="ticket-error">Fill in the ticket/);
    assert.match(page.body, /id="proofing-error">Check who is asking in at least two ways/);
  });

  test('is asked for once: the form leads to the one that is open', async () => {
    const path = await asked();
    const page = await pageOf(eve.client, formPath(anna));
    assert.match(page, new RegExp(`href="/_mfa${path}"`));
    assert.ok(!page.includes('name="ticket"'));
  });
});

describe('the pages about resets', () => {
  test('are seen by every role, and done by the one that may', async () => {
    const path = await approved();
    for (const who of [ada, max, olga, eve, aud]) {
      assert.equal((await visit(who, '/admin/resets')).status, 200);
      assert.equal((await visit(who, path)).status, 200);
    }
    for (const who of [ada, max, olga, aud]) {
      const answer = await act(who, path, 'execute');
      assert.equal(answer.status, 403, who.username);
    }
    for (const who of [max, olga, aud]) {
      assert.equal((await visit(who, formPath(anna))).status, 403, who.username);
    }
    assert.equal(stateOn(await pageOf(eve.client, path)), 'Ready');
  });

  test('offer nothing that the flow would refuse', async () => {
    const path = await asked();
    const offered = async (who: Enrolled): Promise<readonly string[]> =>
      [...(await pageOf(who.client, path)).matchAll(/name="action" value="(\w+)"/g)].map(
        ([, action = '']) => action,
      );
    assert.deepEqual(await offered(ada), ['cancel']);
    assert.deepEqual(await offered(max), ['approve', 'reject']);
    assert.deepEqual(await offered(eve), []);
    assert.deepEqual(await offered(aud), []);
    await act(max, path, 'approve');
    await act(olga, path, 'approve');
    assert.deepEqual(await offered(eve), ['execute']);
    assert.deepEqual(await offered(olga), ['reject']);
  });

  test('have the link preselected, and take it where a form says nothing', async () => {
    const path = await approved();
    const page = await pageOf(eve.client, path);
    assert.match(page, /value="link" checked/);
    assert.ok(linkOn(await act(eve, path, 'execute')));
  });

  test('are closed to whoever is in another tenant, whatever their roles', async () => {
    const path = await asked();
    assert.equal((await visit(zed, path)).status, 404);
    assert.equal((await visit(zed, formPath(anna))).status, 404);
    for (const action of ['approve', 'reject', 'cancel', 'execute']) {
      const answer = await act(zed, path, action, { reason: 'x' });
      assert.equal(answer.status, 404, action);
    }
    const list = await pageOf(zed.client, `/admin/resets?person=${anna.username}`);
    assert.ok(!list.includes(path));
    assert.match(list, /No such reset/);
    assert.equal(stateOn(await pageOf(ada.client, path)), 'Approved');
  });

  test('are closed to nobody and to people without a role', async () => {
    const path = await asked();
    const ours = adminEndpoints.filter(({ path: at }) => /resets|\/reset$|enrollment/.test(at));
    assert.ok(ours.length >= 6);
    const nobody = portal.visitor();
    const staff = await enter(`staff-${String(people)}`, ['STAFF']);
    for (const { method, path: pattern } of ours) {
      const at = `/_mfa${pattern.replace(':id', path.split('/').at(-1) ?? '')}`;
      if (method !== 'GET') continue;
      assert.equal((await nobody.visit(at)).headers['sallyport-response'], 'not-signed-in', at);
      assert.equal(
        (await staff.client.visit(at)).headers['sallyport-response'],
        'not-admitted',
        at,
      );
    }
  });

  test('are closed to other networks before anybody is looked at (G3)', async () => {
    const network = aNetwork('zone-e', ['10.20.0.0/24']);
    const far = await startPortal({ policy: officePolicy(), network });
    try {
      for (const { method, path } of adminEndpoints) {
        const at = `/_mfa${path.replace(':id', 'x')}`;
        const answer = await far.visitor().visit(at, { method });
        assert.equal(answer.headers['sallyport-response'], 'network-not-allowed', at);
      }
    } finally {
      await far.stop();
    }
  });

  test('ask for a fresh proof before they do anything, and lead back', async () => {
    const path = await approved();
    const page = await eve.client.open(`/_mfa${path}`);
    portal.clock.advance(601);
    const answer = await eve.client.submit(
      { ...page, body: onlyForm(page, path) },
      { action: 'execute' },
    );
    assert.equal(answer.url.pathname, '/_mfa/step-up');
    const back = await stepUp(answer, eve, portal.clock);
    assert.equal(back.url.pathname, `/_mfa${path}`);
    assert.equal(stateOn(back.body), 'Ready');
    assert.ok(linkOn(await act(eve, path, 'execute')));
  });

  test('take no form of another site, and none without its token (CSRF)', async () => {
    const path = await approved();
    const page = await eve.client.open(`/_mfa${path}`);
    const form = { ...page, body: onlyForm(page, path) };
    const without = await eve.client.post(form, { action: 'execute', csrf: 'x' });
    assert.equal(without.headers['sallyport-response'], 'form-expired');
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      origin: 'https://evil.example',
      'sec-fetch-site': 'cross-site',
    };
    const at = `/_mfa${path}`;
    const foreign = await eve.client.visit(at, { method: 'POST', headers, body: 'action=execute' });
    assert.equal(foreign.headers['sallyport-response'], 'origin-not-allowed');
    assert.equal(stateOn(await pageOf(eve.client, path)), 'Ready');
  });

  test('let nobody reset themselves, by no page (G8)', async () => {
    const { flows } = portal;
    const own = sure(await flows.stores.users.findByUsername('ada'));
    assert.match(await pageOf(ada.client, formPath(own)), /This is your own account/);
    const csrf = sure(
      /name="csrf" value="([^"]*)"/.exec(await pageOf(ada.client, '/admin/resets'))?.[1],
    );
    const posted = await post(ada.client, formPath(own), { csrf, ...filled });
    assert.equal(posted.status, 409);
    assert.match(posted.body, /Nobody resets themselves/);
    assert.equal(await flows.stores.resets.findOpenOf(own.id), null);
    const enrollment = `/admin/users/${own.id}/enrollment`;
    assert.equal((await post(eve.client, enrollment, { action: 'link' })).status, 403, 'no token');
  });

  test('take hostile words as words', async () => {
    const hostile = { ...filled, reason: '"><script>alert(1)</script>', ticket: "' onload='x" };
    const form = await ada.client.open(`/_mfa${formPath(anna)}`);
    const page = await ada.client.submit(form, hostile, '/reset');
    assert.equal(page.status, 200);
    assert.ok(!page.body.includes('<script>alert'));
    assert.match(page.body, /&lt;script&gt;alert/);
    const strange = await ada.client.visit('/_mfa/admin/resets/%00%27');
    assert.ok([400, 404].includes(strange.status));
    const odd = '/_mfa/admin/resets?state=constructor&person=%27--&after=%00x';
    assert.equal((await ada.client.visit(odd)).status, 200);
  });
});

async function pageOf(client: WebClient, path: string): Promise<string> {
  const answer = await client.visit(`/_mfa${path}`);
  assert.equal(answer.status, 200, `${path}: ${answer.body.slice(0, 2000)}`);
  return answer.body;
}

async function post(
  client: WebClient,
  path: string,
  fields: Readonly<Record<string, string>>,
): Promise<Answer> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = new URLSearchParams(fields).toString();
  return client.visit(`/_mfa${path}`, { method: 'POST', headers, body });
}
