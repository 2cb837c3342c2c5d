/**
 * The account page and every form that changes how somebody signs in, over HTTP, and what
 * intruders tried elsewhere: a skipped step, an empty post, a second tab, another's session.
 */

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import type { UserId } from '../../../src/core/ids.ts';
import {
  type Enrolled,
  nextCode,
  signIn,
  signInWithCode,
  stepUp,
} from '../../support/http-verbs.ts';
import { aPolicy, anMfaPolicy } from '../../support/builders.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';
import { type Answer, textsMarked, type WebClient } from '../../support/web-client.ts';

const target = '/_mfa/account';
const nextPassword = 'otter-lantern-wintry-17';

let portal: TestPortal;
/** Nothing obliges Dan; the policy obliges Ben to have an app and codes. */
let dan: Enrolled;
let ben: Enrolled;

const enrolledAs = async (username: string, groups: readonly string[] = []): Promise<Enrolled> => {
  const person = await portal.addPerson(username, groups);
  const client = portal.visitor();
  await signIn(client, { target, ...person });
  const enrollment = await client.open('/_mfa/enroll/totp');
  const [secret = ''] = textsMarked(enrollment, 'data-totp-secret');
  const shown = await client.submit(enrollment, { code: nextCode(portal.clock, secret) });
  const recoveryCodes = textsMarked(shown, 'data-recovery-code');
  const landed = await client.submit(shown, { stored: 'yes' });
  return { client, ...person, secret, recoveryCodes, landed };
};

/** A new browser of somebody, past both steps. */
const elsewhere = async (person: Enrolled): Promise<WebClient> => {
  const client = portal.visitor();
  await signInWithCode(client, { target, person, clock: portal.clock });
  return client;
};
const authenticatorsOf = async ({ username }: Enrolled) => {
  const user = await portal.flows.stores.users.findByUsername(username);
  return portal.flows.stores.authenticators.listOfUser(user?.id ?? ('' as UserId));
};
const pageOf = async (person: Enrolled, index = 0): Promise<string> =>
  `/_mfa/account/authenticators/${(await authenticatorsOf(person))[index]?.id ?? ''}`;

/** Confirms, and lands on the page that asked for it. */
async function confirmed(person: Enrolled, path: string): Promise<Answer> {
  const page = await person.client.open(`/_mfa/step-up?return_to=${encodeURIComponent(path)}`);
  return stepUp(page, person, portal.clock);
}

/** Adds another app after confirming. */
async function withSecondApp(person: Enrolled): Promise<void> {
  const page = await confirmed(person, '/_mfa/enroll/totp');
  const [secret = ''] = textsMarked(page, 'data-totp-secret');
  const code = nextCode(portal.clock, secret);
  const landed = await person.client.submit(page, { code, name: 'Tablet' });
  assert.equal(landed.url.pathname, '/_mfa/account');
}

let number = 0;
before(async () => {
  portal = await startPortal();
});
after(() => portal.stop());
beforeEach(async () => {
  number += 1;
  dan = await enrolledAs(`dan${String(number)}`);
  ben = await enrolledAs(`ben${String(number)}`, ['SEC-OPS']);
});
afterEach(() => portal.clock.advance(60));

describe('the account page', () => {
  test('shows what is set up, where one is signed in and what happened', async () => {
    const page = await dan.client.open(target);

    assert.equal(page.status, 200);
    assert.match(page.body, /Authenticator app/);
    assert.match(page.body, /10 unused codes left/);
    assert.match(page.body, /Signed in/);
    assert.match(page.body, /Added: Authenticator app/);
    assert.match(page.body, /\/account\/disable-mfa/);
    assert.match(page.body, /\/account\/password/);
  });

  test('calls a wrong password inside a session what it is', async () => {
    const page = await confirmed(dan, '/_mfa/account/password');
    const fields = { new_password: nextPassword, new_password_again: nextPassword };
    const refused = await dan.client.submit(page, { ...fields, password: 'not-it' });
    assert.equal(refused.status, 401);

    const account = await dan.client.open(target);
    assert.match(account.body, />Wrong password</);
    assert.doesNotMatch(account.body, /Sign-in failed/);
  });

  test('marks a session that has proved a password alone', async () => {
    assert.doesNotMatch((await dan.client.open(target)).body, /Second step missing/);
    const { username, password } = dan;
    await signIn(portal.visitor(), { target, username, password });
    const account = await dan.client.open(target);
    assert.equal(account.body.split('Second step missing').length, 2);
  });

  test('offers nobody to switch off what the policy obliges to', async () => {
    const page = await ben.client.open(target);
    assert.doesNotMatch(page.body, /\/account\/disable-mfa/);

    const form = await ben.client.visit('/_mfa/account/disable-mfa');
    assert.equal(form.status, 403);
    assert.equal(form.headers['sallyport-response'], 'policy-forbids');
  });

  test('never shows markup that somebody put into a name', async () => {
    const page = await dan.client.open(await pageOf(dan));
    const landed = await dan.client.submit(page, { action: 'rename', name: '<b onclick=x>"&' });

    assert.equal(landed.url.pathname, '/_mfa/account');
    assert.doesNotMatch(landed.body, /<b onclick/);
    assert.match(landed.body, /&lt;b onclick/);
  });
});

describe('an authenticator', () => {
  test('gets another name without a confirmation', async () => {
    portal.clock.advance(700);
    const page = await dan.client.open(await pageOf(dan));

    const landed = await dan.client.submit(page, { action: 'rename', name: 'Phone' });

    assert.equal(landed.url.search, '?done=authenticator-renamed');
    assert.match(landed.body, /Phone/);
  });

  test('keeps its name when the new one could not be seen, and says why at the field', async () => {
    const page = await dan.client.open(await pageOf(dan));

    for (const name of ['', 'a\u0000b', 'a\u202eb', 'x'.repeat(61)]) {
      const answer = await dan.client.post(page, { action: 'rename', name });
      assert.equal(answer.status, 400);
      assert.match(answer.body, /id="name-error"/);
    }
    assert.equal((await authenticatorsOf(dan))[0]?.name, 'Authenticator app');
  });

  test('goes after a confirmation that leads back to its page', async () => {
    await withSecondApp(dan);
    const other = await elsewhere(dan);
    portal.clock.advance(700);
    const path = await pageOf(dan);
    const asked = await dan.client.post(await dan.client.open(path), { action: 'remove' });
    const address = new URL(asked.headers.location ?? '');
    assert.equal(address.pathname, '/_mfa/step-up');
    assert.equal(address.searchParams.get('return_to'), `${portal.origin}${path}`);

    const back = await stepUp(await dan.client.open(address.href), dan, portal.clock);
    assert.equal(back.url.pathname, path);
    const before = dan.client.cookieHeader();
    const landed = await dan.client.submit(back, { action: 'remove' });

    assert.equal(landed.url.search, '?done=authenticator-removed');
    assert.notEqual(dan.client.cookieHeader(), before);
    assert.equal((await authenticatorsOf(dan)).length, 1);
    assert.equal((await other.open(target)).url.pathname, '/_mfa/sign-in');
  });

  test('stays, and its page says why and what to do, where it is needed', async () => {
    const path = await pageOf(ben);
    const page = await confirmed(ben, path);
    assert.match(page.body, /Add another one first/);
    assert.match(page.body, /\/enroll\/totp/);

    const forced = await ben.client.post(page, { action: 'remove' });

    assert.equal(forced.status, 403);
    assert.equal(forced.headers['sallyport-response'], 'policy-forbids');
    const dans = await confirmed(dan, await pageOf(dan));
    assert.match(dans.body, /switch the second step off/);
    assert.equal((await dan.client.post(dans, { action: 'remove' })).status, 403);
  });

  test('of somebody else is no more there than one that does not exist', async () => {
    const own = await confirmed(dan, await pageOf(dan));
    const paths = [await pageOf(ben), '/_mfa/account/authenticators/ath_none'];

    for (const path of paths) {
      assert.equal((await dan.client.visit(path)).status, 404);
      for (const action of ['rename', 'remove']) {
        const answer = await postTo(dan.client, own, path, { action, name: 'Mine' });
        assert.equal(answer.status, 404, `${action} ${path}`);
      }
    }
    assert.equal((await authenticatorsOf(ben))[0]?.name, 'Authenticator app');
  });
});

describe('another password', () => {
  test('is taken after a confirmation; the old one is dead everywhere', async () => {
    const other = await elsewhere(dan);
    portal.clock.advance(700);
    const asked = await dan.client.open('/_mfa/account/password');
    assert.equal(asked.url.pathname, '/_mfa/step-up');
    const form = await stepUp(asked, dan, portal.clock);
    assert.equal(form.url.pathname, '/_mfa/account/password');

    const landed = await dan.client.submit(form, passwords(dan));

    assert.equal(landed.url.search, '?done=password-changed');
    assert.equal((await other.open(target)).url.pathname, '/_mfa/sign-in');
    const old = await signIn(portal.visitor(), { target, ...dan });
    assert.equal(old.status, 401);
    const now = await signIn(portal.visitor(), { target, ...dan, password: nextPassword });
    assert.equal(now.url.pathname, '/_mfa/challenge');
  });

  test('is refused with a sentence at the field that is wrong', async () => {
    const form = await confirmed(dan, '/_mfa/account/password');
    const refused = [
      [{ password: 'not the password' }, 401, 'password-error'],
      [{ password: '' }, 400, 'password-error'],
      [{ new_password_again: 'something else' }, 400, 'new_password_again-error'],
      [{ new_password: 'short', new_password_again: 'short' }, 400, 'new_password-error'],
      [{ new_password: dan.password, new_password_again: dan.password }, 400, 'new_password-error'],
    ] as const;

    for (const [difference, status, at] of refused) {
      const answer = await dan.client.post(form, { ...passwords(dan), ...difference });
      assert.equal(answer.status, status, JSON.stringify(difference));
      assert.match(answer.body, new RegExp(`id="${at}"`));
      assert.doesNotMatch(answer.body, /otter-lantern|wintry-lantern/);
    }
  });
});

describe('switching the second step off', () => {
  test('takes password and code, and leaves the password alone', async () => {
    const other = await elsewhere(dan);
    const form = await dan.client.open('/_mfa/account/disable-mfa');
    const code = nextCode(portal.clock, dan.secret);

    const landed = await dan.client.submit(form, { password: dan.password, code });

    assert.equal(landed.url.search, '?done=mfa-disabled');
    assert.match(landed.body, /Nothing is set up yet/);
    assert.equal((await other.open(target)).url.pathname, '/_mfa/sign-in');
    const again = await signIn(portal.visitor(), { target, ...dan });
    assert.equal(again.url.pathname, '/_mfa/account');
  });

  test('takes a recovery code in place of the app', async () => {
    const form = await dan.client.open('/_mfa/account/disable-mfa?method=recovery-code');
    const [recoveryCode = ''] = dan.recoveryCodes;

    const landed = await dan.client.submit(form, {
      password: dan.password,
      recovery_code: recoveryCode,
    });

    assert.equal(landed.url.search, '?done=mfa-disabled');
  });

  test('is not done by a wrong half, nor by nothing', async () => {
    const form = await dan.client.open('/_mfa/account/disable-mfa');
    const code = nextCode(portal.clock, dan.secret);
    const wrong = [
      [{ password: 'not the password', code }, 401],
      [{ password: dan.password, code: '000000' }, 401],
      [{ password: dan.password, code: '' }, 400],
      [{ password: '', code }, 400],
      [{ password: dan.password, recovery_code: '' }, 400],
    ] as const;

    for (const [fields, status] of wrong) {
      assert.equal((await dan.client.post(form, fields)).status, status, JSON.stringify(fields));
    }
    // Without a code it claims that a passkey was just used, and none was.
    const claimed = await dan.client.post(form, { password: dan.password });
    assert.match(claimed.headers.location ?? '', /\/step-up\?/);
    assert.equal((await authenticatorsOf(dan)).length, 1);
  });
});

describe('ending sessions', () => {
  test('one at a time after a confirmation; all others in one step', async () => {
    const [one, two] = [await elsewhere(dan), await elsewhere(dan)];
    portal.clock.advance(700);
    const page = await dan.client.open(target);
    const keys = [...page.body.matchAll(/name="session" value="(\w+)"/g)].map(([, key]) => key);
    assert.equal(keys.length, 2);
    const end = { action: 'end-session', session: keys[0] ?? '' };
    const asked = await dan.client.post(page, end, '/account');
    assert.match(asked.headers.location ?? '', /\/step-up\?return_to=.*%2Faccount$/);

    const others = await dan.client.submit(page, { action: 'end-other-sessions' }, '/account');

    assert.equal(others.url.search, '?done=other-sessions-ended');
    for (const client of [one, two]) {
      assert.equal((await client.open(target)).url.pathname, '/_mfa/sign-in');
    }
  });
});

describe('an intruder', () => {
  const forms = [
    ['/account', { action: 'end-other-sessions' }],
    ['/account', { action: 'sign-out-everywhere' }],
    ['/account/authenticators/:id', { action: 'rename', name: 'Mine' }],
    ['/account/authenticators/:id', { action: 'remove' }],
    ['/account/password', passwords({ password: 'wintry-lantern-94-otter' })],
    ['/account/disable-mfa', { password: 'wintry-lantern-94-otter', code: '000000' }],
    ['/account/disable-mfa', { password: 'wintry-lantern-94-otter' }],
    ['/enroll/totp', { code: '000000' }],
    ['/recovery-codes', { action: 'replace', password: 'wintry-lantern-94-otter' }],
    ['/recovery-codes', { action: 'confirm', stored: 'yes' }],
  ] as const;
  // Regression: CVE-2026-3429 (Keycloak) — a session that had proved a password alone changed the
  // second factors of its owner.
  test('with the password alone is sent to the challenge by every form', async () => {
    const thief = portal.visitor();
    const challenge = await signIn(thief, { target, ...dan });
    assert.equal(challenge.url.pathname, '/_mfa/challenge');

    for (const [path, fields] of forms) {
      const answer = await postTo(thief, challenge, await pathOf(path), fields);
      assert.match(answer.headers.location ?? '', /\/challenge/, path);
    }
    await untouched();
  });

  test('with a session of their own gets nowhere with a token of it', async () => {
    const own = await ben.client.open(target);
    const stolen = dan.client.copy();

    for (const [path, fields] of forms) {
      const answer = await postTo(stolen, own, await pathOf(path), fields);
      assert.equal(answer.headers['sallyport-response'], 'form-expired', path);
    }
    await untouched();
  });

  test('who posts nothing at all changes nothing', async () => {
    const own = await dan.client.open(target);

    for (const path of new Set(forms.map(([each]) => each))) {
      const answer = await postTo(dan.client, own, await pathOf(path), {});
      assert.ok(answer.status >= 303 && answer.status < 500, `${path} ${String(answer.status)}`);
    }
    await untouched();
  });

  test('who kept a form open in a second tab finds it expired', async () => {
    const path = await pageOf(dan);
    const tab = await dan.client.open(path);
    await confirmed(dan, path);

    const answer = await dan.client.post(tab, { action: 'remove' });

    assert.equal(answer.headers['sallyport-response'], 'form-expired');
    assert.equal((await authenticatorsOf(dan)).length, 1);
  });

  test('whose session was ended meanwhile has to sign in', async () => {
    await withSecondApp(dan);
    const page = await dan.client.open(await pageOf(dan));
    const thief = dan.client.copy();
    await dan.client.submit(
      await dan.client.open(target),
      { action: 'sign-out-everywhere' },
      '/account',
    );

    for (const action of ['rename', 'remove']) {
      const answer = await thief.post(page, { action, name: 'Mine' });
      assert.match(answer.headers.location ?? '', /\/sign-in/);
    }
    assert.equal((await authenticatorsOf(dan)).length, 2);
  });

  test('who sends one removal many times removes one', async () => {
    await withSecondApp(dan);
    const page = await confirmed(dan, await pageOf(dan));

    const answers = await Promise.all(
      Array.from({ length: 8 }, () => dan.client.copy().post(page, { action: 'remove' })),
    );

    const removed = answers.filter(({ headers }) => headers.location?.includes('?done=') === true);
    assert.equal(removed.length, 1);
    assert.equal((await authenticatorsOf(dan)).length, 1);
  });
});

describe('the account of somebody who may go on without what the policy asks for', () => {
  test('says what is missing and leads there', async () => {
    const required = { requiredForTiers: ['TIER3'] } as const;
    const enforcement = { blocksTokensUntilEnrolled: false };
    const mfa = anMfaPolicy({ totp: required, recoveryCodes: required, enforcement });
    const lenient = await startPortal({ policy: aPolicy({ mfa }) });
    try {
      const page = await signIn(lenient.visitor(), {
        target,
        ...(await lenient.addPerson('gus')),
      });

      assert.equal(page.url.pathname, '/_mfa/account');
      assert.match(page.body, /more than is set up here: Authenticator app, Recovery codes\./);
      assert.match(page.body, /href="\/_mfa\/enroll">/);
    } finally {
      await lenient.stop();
    }
  });
});

/** Where one of the forms of Dan's account is. */
async function pathOf(path: string): Promise<string> {
  return path.endsWith(':id') ? pageOf(dan) : `/_mfa${path}`;
}

/** Nothing of Dan's was changed, and nobody signed him out. */
async function untouched(): Promise<void> {
  assert.equal((await authenticatorsOf(dan))[0]?.name, 'Authenticator app');
  assert.equal((await dan.client.open(target)).status, 200);
  assert.equal((await signIn(portal.visitor(), { target, ...dan })).status, 200);
}

function passwords({ password }: { readonly password: string }): Record<string, string> {
  return { password, new_password: nextPassword, new_password_again: nextPassword };
}

/** Posts to a path by the hidden fields of another page: whoever writes requests by hand. */
async function postTo(
  client: WebClient,
  page: Answer,
  path: string,
  fields: Readonly<Record<string, string>>,
): Promise<Answer> {
  const csrf = /name="csrf" value="([^"]*)"/.exec(page.body)?.[1] ?? '';
  return client.visit(path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: page.url.origin },
    body: new URLSearchParams({ csrf, ...fields }).toString(),
  });
}
