/** A browser that is known again by its cookie, and trusted: as people and thieves meet it. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { nextCode, signIn } from '../../support/http-verbs.ts';
import { startPortal, type Person, type TestPortal } from '../../support/start-portal.ts';
import { textsMarked, type Answer, type WebClient } from '../../support/web-client.ts';

const cookieName = 'sallyport-device';
const purpose = 'device cookie';
const day = 24 * 3600;

/** Somebody who has an authenticator app. */
interface Owner extends Person {
  readonly secret: string;
}

let portal: TestPortal;
let dora: Owner;
before(async () => {
  portal = await startPortal();
  dora = await owner('dora');
});
after(() => portal.stop());

/** Makes a person and enrolls their app, in a browser that is not used again. */
async function owner(username: string, groups: readonly string[] = []): Promise<Owner> {
  const person = await portal.addPerson(username, groups);
  const client = portal.visitor();
  await signIn(client, { target: '/_mfa/sign-in', ...person });
  const page = await client.open('/_mfa/enroll/totp');
  const [secret = ''] = textsMarked(page, 'data-totp-secret');
  const shown = await client.submit(page, { code: nextCode(portal.clock, secret) });
  await client.submit(shown, { stored: 'yes' });
  return { ...person, secret };
}

const passwordIn = (client: WebClient, person: Person): Promise<Answer> =>
  signIn(client, { target: '/_mfa/sign-in', ...person });

/** Signs in with password and code, and says what becomes of the browser. */
async function answer(
  client: WebClient,
  person: Owner,
  fields: Readonly<Record<string, string>> = { trust_device: 'yes' },
): Promise<Answer> {
  const challenge = await passwordIn(client, person);
  assert.equal(challenge.url.pathname, '/_mfa/challenge');
  return client.submit(challenge, { code: nextCode(portal.clock, person.secret), ...fields });
}

async function trustedBrowser(person: Owner = dora): Promise<WebClient> {
  const client = portal.visitor();
  assert.equal((await answer(client, person)).url.pathname, '/_mfa/account');
  await signOut(client);
  return client;
}

async function signOut(client: WebClient): Promise<void> {
  await client.submit(await client.open('/_mfa/sign-out'), {}, '/sign-out');
}

/** Where somebody stands who typed their password in a browser. */
async function reaches(client: WebClient, person: Person = dora): Promise<string> {
  const { pathname } = (await passwordIn(client, person)).url;
  return pathname.replace('/_mfa', '');
}

const cookieOf = (client: WebClient): string => client.cookie(cookieName) ?? '';

const thiefWith = (cookie: string): WebClient => {
  const thief = portal.visitor();
  thief.setCookie(cookieName, cookie);
  return thief;
};

describe('a browser', () => {
  test('is given its cookie with its first session, and keeps it', async () => {
    const client = portal.visitor();
    await client.post(await client.open('/_mfa/sign-in'), { username: 'dora', password: 'wrong' });
    assert.equal(cookieOf(client), '');

    await passwordIn(client, dora);
    const first = cookieOf(client);
    assert.match(first, /^s1\.[0-9a-f]{12}\.[\w-]{80}$/);
    await signOut(client);
    await answer(client, dora);
    assert.equal(cookieOf(client), first);
  });

  test('is known to the store by a hash of what is sealed in the cookie, never by the secret', async () => {
    const client = portal.visitor();
    await answer(client, dora);
    const { sealer, stores } = portal.flows;
    const secret = sealer.unseal(cookieOf(client), purpose);
    const { id } = (await stores.users.findByUsername('dora')) ?? assert.fail();
    const key = createHash('sha256').update(secret).digest('hex');

    assert.notEqual(await stores.devices.find(id, key), null);
    const all = JSON.stringify(await stores.devices.listOfUser(id));
    for (const form of ['hex', 'base64', 'base64url'] as const) {
      assert.ok(!all.includes(secret.toString(form)));
    }
  });
});

describe('a trusted browser', () => {
  test('is not asked for a code again, within 30 days', async () => {
    const client = await trustedBrowser();
    assert.equal(await reaches(client), '/account');
    await signOut(client);
    portal.clock.advance(29 * day);
    assert.equal(await reaches(client), '/account');
    await signOut(client);
    portal.clock.advance(day);
    assert.equal(await reaches(client), '/challenge');
  });

  test('is asked all the same where a fresh proof is needed', async () => {
    const client = await trustedBrowser();
    assert.equal(await reaches(client), '/account');
    const page = await client.open('/_mfa/step-up');
    assert.equal(page.url.pathname, '/_mfa/step-up');
    const typed = { password: dora.password, code: '' };
    assert.equal((await client.post(page, typed)).status, 400);
  });

  test('is trusted by who ticked the box and by nobody else', async () => {
    const client = portal.visitor();
    await answer(client, dora, {});
    await signOut(client);
    assert.equal(await reaches(client), '/challenge');
  });

  test('is not trusted after a wrong code; the box stays ticked for the right one', async () => {
    const client = portal.visitor();
    const challenge = await passwordIn(client, dora);
    assert.match(challenge.body, /name="trust_device" value="yes"[^>]*>/);
    assert.doesNotMatch(challenge.body, / checked>/);
    assert.match(challenge.body, /Trust this browser for 30 days/);

    const again = await client.post(challenge, { code: '000000', trust_device: 'yes' });
    assert.equal(again.status, 401);
    assert.match(again.body, /name="trust_device" value="yes"[^>]* checked>/);
    await signOut(client);
    assert.equal(await reaches(client), '/challenge');
  });

  for (const [tier, groups] of [
    ['TIER0', ['AI-PLATFORM-ADMINS']],
    ['TIER1', ['SEC-OPS']],
  ] as const) {
    test(`is not offered to ${tier}, and not had by posting the field by hand`, async () => {
      const person = await owner(`person-of-${tier.toLowerCase()}`, groups);
      const client = portal.visitor();
      const challenge = await passwordIn(client, person);
      assert.doesNotMatch(challenge.body, /trust_device/);
      const code = nextCode(portal.clock, person.secret);
      await client.submit(challenge, { code, trust_device: 'yes' });
      await signOut(client);
      assert.equal(await reaches(client, person), '/challenge');
    });
  }

  test('can be distrusted on the account page, and is asked from then on', async () => {
    const client = await trustedBrowser();
    await passwordIn(client, dora);
    const other = portal.visitor();
    const account = await answer(other, dora, {});
    const ids = [...account.body.matchAll(/name="device" value="(dev_[\w-]+)"/g)];
    for (const [, device = ''] of ids) {
      await other.post(
        await other.open('/_mfa/account'),
        { action: 'distrust-device', device },
        '/account',
      );
    }

    assert.equal((await client.open('/_mfa/account')).url.pathname, '/_mfa/sign-in');
    assert.equal(await reaches(client), '/challenge');
    assert.equal((await other.open('/_mfa/account')).url.pathname, '/_mfa/account');
  });

  test('is told that forgetting it signs them out there, and shown that it did', async () => {
    const client = await trustedBrowser();
    const account = await passwordIn(client, dora);
    assert.equal(account.body.split('also signs you out here').length, 2);
    const here = /value="(dev_[\w-]+)"[^]*?<button[^>]*aria-describedby="forget-here"/.exec(
      account.body.slice(account.body.indexOf('also signs you out here')),
    );
    const fields = { action: 'distrust-device', device: here?.[1] ?? '' };
    const after = await client.submit(account, fields, '/account');

    assert.equal(after.url.pathname, '/_mfa/sign-out');
    assert.match(after.body, /You are signed out/);
    assert.equal(await reaches(client), '/challenge');
  });

  test('is not said to sign anybody out where their session rests on an answer', async () => {
    const account = await answer(portal.visitor(), dora);
    assert.match(account.body, />Forget</);
    assert.doesNotMatch(account.body, /also signs you out here/);
  });
});

describe('the cookie of a trusted browser', () => {
  test('gets nobody past the challenge of another person', async () => {
    const client = await trustedBrowser();
    const eve = await owner('eve');
    assert.equal(await reaches(thiefWith(cookieOf(client)), eve), '/challenge');
    assert.equal(await reaches(client, eve), '/challenge');
  });

  test('gets nobody past the password', async () => {
    const thief = thiefWith(cookieOf(await trustedBrowser()));
    assert.equal(await reaches(thief, { ...dora, password: 'something-else-94' }), '/sign-in');
  });

  test('counts for nothing when it is forged, cut short, doubled or sealed for another purpose', async () => {
    const client = await trustedBrowser();
    const right = cookieOf(client);
    const { sealer } = portal.flows;
    const secret = sealer.unseal(right, purpose);
    const flipped = right.slice(0, -1) + (right.endsWith('A') ? 'B' : 'A');
    // prettier-ignore
    const wrong = [
      flipped, right.slice(0, -4), `${right}A`, right.slice(3), right.replace('s1.', 's2.'),
      secret.toString('base64url'), createHash('sha256').update(secret).digest('hex'),
      sealer.seal(secret, 'another purpose'), sealer.seal(Buffer.alloc(0), purpose),
      'x', '%', '"', 's1.', 'null', 'a'.repeat(4000),
    ];
    for (const value of wrong) {
      const thief = thiefWith(value);
      assert.equal(await reaches(thief), '/challenge', value);
      // It is replaced by one of ours.
      assert.doesNotThrow(() => sealer.unseal(cookieOf(thief), purpose), value);
    }
    const twice = { cookie: `${cookieName}=x; ${client.cookieHeader()}` };
    const form = await client.open('/_mfa/sign-in');
    const csrf = /name="csrf" value="([^"]+)"/.exec(form.body)?.[1] ?? '';
    const posted = await client.visit('/_mfa/sign-in', {
      method: 'POST',
      headers: { ...twice, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ username: 'dora', password: dora.password, csrf }).toString(),
    });
    assert.equal(posted.headers['sallyport-response'], 'second-factor-required');
    assert.equal(await reaches(thiefWith(right)), '/account', 'the right one still counts');
  });
});
