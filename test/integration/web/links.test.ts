/**
 * One-time links over HTTP: what mail programs do to them, what they leave behind, and the page that
 * keeps a stolen password from enrolling after a reset (G5, G8, G9).
 */

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';

import type { User } from '../../../src/stores/types.ts';
import { createEnrollmentLink, type LinkKind } from '../../../src/flows/admin/enrollment-links.ts';
import { eraseSecondFactors } from '../../../src/flows/admin/resets/erase.ts';
import type { Logger } from '../../../src/platform/log.ts';
import { sure } from '../../support/flow-world.ts';
import { enrollAtSignIn, nextCode, signIn } from '../../support/http-verbs.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { startPortal, type Person, type TestPortal } from '../../support/start-portal.ts';
import { textsMarked } from '../../support/web-client.ts';

/** Everything that was logged, as text. */
const logged: string[] = [];
const listening: Logger = {
  ...quietLog,
  info: (...line: readonly unknown[]) => void logged.push(JSON.stringify(line)),
} as Logger;

let portal: TestPortal;
let anna: Person;
let names = 0;
before(async () => {
  portal = await startPortal({ meddle: (flows) => ({ ...flows, log: listening }) });
});
after(() => portal.stop());
beforeEach(async () => {
  names += 1;
  anna = await portal.addPerson(`anna-${String(names)}`);
});

const userOf = async ({ username }: Person): Promise<User> =>
  sure(await portal.flows.stores.users.findByUsername(username));

/** A link, as an administrator makes one. */
async function linkFor(person: Person, kind: LinkKind): Promise<string> {
  const user = await userOf(person);
  const now = portal.clock.now();
  const { url } = await portal.flows.stores.transaction((stores) =>
    createEnrollmentLink(portal.flows, stores, 'cli', user, kind, now),
  );
  return url;
}

/** The sign-in page of somebody on the way to an application. */
function towardsAdmin(): string {
  return `${portal.origin}/_mfa/sign-in?return_to=${encodeURIComponent(`${portal.origin}/admin`)}`;
}

/** Resets somebody as the workflow does, and gives them a link. */
async function resetWithLink(person: Person): Promise<string> {
  const user = await userOf(person);
  const now = portal.clock.now();
  await portal.flows.stores.transaction(async (stores) => {
    await eraseSecondFactors(portal.flows, stores, user, now);
    await stores.users.setEnrollGuard(user.id, { since: now, supervisedUntil: null });
  });
  return linkFor(person, 'enroll-again');
}

describe('after a reset', () => {
  test('the password leads to a page that says what to do, from every way to enroll (G8)', async () => {
    await resetWithLink(anna);
    const client = portal.visitor();
    const page = await signIn(client, { target: towardsAdmin(), ...anna });

    assert.equal(page.url.pathname, '/_mfa/enroll');
    assert.match(page.body, /Your second step was reset/);
    assert.match(page.body, /Open the link that you were sent/);
    assert.match(page.body, /Or have an administrator with you/);
    for (const path of ['/enroll/totp', '/enroll/passkey', '/enroll']) {
      const shown = await client.open(`/_mfa${path}`);
      assert.equal(shown.url.pathname, '/_mfa/enroll', path);
      assert.match(shown.body, /Your second step was reset/);
    }
    // Where the person wants to go is kept.
    assert.match(page.url.search, /return_to=.*%2Fadmin/);
    const call = await client.call('/_mfa/enroll/totp');
    assert.equal(call.status, 403);
    assert.equal(call.headers['sallyport-response'], 'enrollment-link-required');
    const account = await client.open('/_mfa/account');
    assert.equal(account.url.pathname, '/_mfa/enroll', 'and nothing else opens');
  });

  test('the link and the password lead on to enrolling, and the account is whole again', async () => {
    const url = await resetWithLink(anna);
    const client = portal.visitor();
    const form = await client.open(url);
    const choice = await client.submit(form, anna as unknown as Record<string, string>);
    assert.equal(choice.url.pathname, '/_mfa/enroll');
    assert.match(choice.body, /Set up your second step/);
    const enrollment = await client.open('/_mfa/enroll/totp');
    const [secret = ''] = textsMarked(enrollment, 'data-totp-secret');
    const shown = await client.submit(enrollment, { code: nextCode(portal.clock, secret) });
    await client.submit(shown, { stored: 'yes' });
    assert.equal((await client.open('/_mfa/account')).url.pathname, '/_mfa/account');
    assert.equal((await userOf(anna)).enrollGuard, null);
  });

  test('an administrator who is present opens the same page for a while', async () => {
    await resetWithLink(anna);
    const client = portal.visitor();
    await signIn(client, { target: towardsAdmin(), ...anna });
    const { id } = await userOf(anna);
    const now = portal.clock.now();
    await portal.flows.stores.users.setEnrollGuard(id, {
      since: now,
      supervisedUntil: now + 900_000,
    });
    assert.match((await client.open('/_mfa/enroll')).body, /Set up your second step/);
    portal.clock.advance(900);
    assert.match((await client.open('/_mfa/enroll')).body, /Your second step was reset/);
  });
});

describe('a link', () => {
  test('is not used up by being looked at, however often (mail programs do)', async () => {
    const url = await resetWithLink(anna);
    for (let looks = 0; looks < 5; looks += 1) {
      assert.equal((await portal.visitor().open(url)).status, 200);
      assert.equal((await portal.visitor().visit(url, { method: 'HEAD' })).status, 200);
      const ahead = { headers: { 'sec-purpose': 'prefetch' } };
      assert.equal((await portal.visitor().visit(url, ahead)).status, 200);
    }
    const client = portal.visitor();
    const done = await client.submit(await client.open(url), { ...anna });
    assert.equal(done.url.pathname, '/_mfa/enroll');
  });

  test('works once, whoever comes second', async () => {
    const url = await resetWithLink(anna);
    const first = portal.visitor();
    const second = portal.visitor();
    const forms = [await first.open(url), await second.open(url)] as const;
    await first.submit(forms[0], { ...anna });
    for (const answer of [
      await second.submit(forms[1], { ...anna }),
      await second.open(url),
      await portal.visitor().open(url),
    ]) {
      assert.equal(answer.status, 410);
      assert.equal(answer.headers['sallyport-response'], 'challenge-expired');
      assert.match(answer.body, /This link does not work/);
    }
  });

  test('says the same of one that never was, one of another and one that is torn', async () => {
    const url = await resetWithLink(anna);
    const bodies = [url.slice(0, -1), `${url}x`, `${portal.origin}/_mfa/link/x`, `${url}%2F..`].map(
      async (address) => portal.visitor().open(address),
    );
    for (const { status, body } of await Promise.all(bodies)) {
      assert.ok(status === 410 || status === 400, String(status));
      if (status === 410) assert.match(body, /This link does not work/);
    }
  });

  test('does not say whose it is, nor which half was wrong (G7)', async () => {
    const ben = await portal.addPerson(`ben-${String(names)}`);
    const url = await resetWithLink(anna);
    const client = portal.visitor();
    const form = await client.open(url);
    assert.doesNotMatch(form.body, /anna/);
    const wrongs = [
      { ...anna, password: 'not-this-one' },
      { ...ben },
      { username: 'nobody', password: anna.password },
    ];
    const errors = new Set<string>();
    for (const typed of wrongs) {
      const answer = await client.submit(form, typed);
      assert.equal(answer.status, 401);
      errors.add(/id="password-error">([^<]*)/.exec(answer.body)?.[1] ?? '');
    }
    assert.deepEqual(
      [...errors],
      ['That did not match this link. Check the username and the password and try again.'],
    );
    assert.equal((await client.submit(form, { ...anna })).url.pathname, '/_mfa/enroll');
  });

  test('needs the token of its form, and a post from our own pages (CSRF)', async () => {
    const url = await resetWithLink(anna);
    const client = portal.visitor();
    const form = await client.open(url);
    const without = await client.post(form, { ...anna, csrf: 'x' });
    assert.equal(without.headers['sallyport-response'], 'form-expired');
    const body = new URLSearchParams({ ...anna }).toString();
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'cross-site',
      origin: 'https://evil.example',
    };
    const foreign = await client.visit(url, { method: 'POST', headers, body });
    assert.equal(foreign.headers['sallyport-response'], 'origin-not-allowed');
    assert.equal((await client.submit(form, { ...anna })).url.pathname, '/_mfa/enroll');
  });

  test('ends the session of whoever was signed in at that browser', async () => {
    const ben = await portal.addPerson(`ben-${String(names)}`);
    const client = portal.visitor();
    await signIn(client, { target: `${portal.origin}/_mfa/account`, ...ben });
    const url = await resetWithLink(anna);
    const page = await client.submit(await client.open(url), { ...anna });
    assert.match(page.body, new RegExp(anna.username));
    const { id } = await userOf(ben);
    assert.deepEqual(await portal.flows.sessions.listOfUser(id, portal.clock.now()), []);
  });

  test('to choose a password asks twice, holds the rules, and signs in', async () => {
    const url = await linkFor(anna, 'invitation');
    const client = portal.visitor();
    const form = await client.open(url);
    assert.match(form.body, new RegExp(`For the account ${anna.username}`));
    assert.match(form.body, /autocomplete="new-password"/);
    const next = 'turnip-cathedral-49';
    const refused = [
      [{ new_password: '', new_password_again: '' }, 'new_password'],
      [{ new_password: next, new_password_again: 'other' }, 'new_password_again'],
      [{ new_password: 'short', new_password_again: 'short' }, 'new_password'],
    ] as const;
    for (const [typed, field] of refused) {
      const answer = await client.submit(form, typed);
      assert.equal(answer.status, 400);
      assert.match(answer.body, new RegExp(`id="${field}-error"`));
    }
    const done = await client.submit(form, { new_password: next, new_password_again: next });
    assert.equal(done.url.pathname, '/_mfa/account');
    const again = portal.visitor();
    const target = `${portal.origin}/_mfa/account`;
    const signedIn = await signIn(again, { target, username: anna.username, password: next });
    assert.equal(signedIn.url.pathname, '/_mfa/account');
  });

  test('to choose a password asks for the second factor all the same', async () => {
    const ada = await portal.addPerson(`ada-${String(names)}`, ['AI-PLATFORM-ADMINS']);
    const target = `${portal.origin}/_mfa/account`;
    await enrollAtSignIn(portal.visitor(), { target, clock: portal.clock, ...ada });
    const url = await linkFor(ada, 'invitation');
    const client = portal.visitor();
    const next = 'turnip-cathedral-49';
    const form = await client.open(url);
    const done = await client.submit(form, { new_password: next, new_password_again: next });
    assert.equal(done.url.pathname, '/_mfa/challenge');
  });
});

describe('the secret of a link', () => {
  test('stands in no log, no event, no address that leads on, and no document (G9)', async () => {
    const url = await resetWithLink(anna);
    const secret = sure(url.split('/').at(-1));
    const client = portal.visitor();
    const form = await client.open(url);
    // Nothing that the page loads or leads to is told its address.
    assert.equal(form.headers['referrer-policy'], 'strict-origin');
    assert.equal(form.headers['cache-control'], 'no-store');
    const hrefs = [...form.body.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, href]) => href);
    assert.ok(!hrefs.some((href) => href?.includes(secret) === true), 'only the form posts there');

    const answers = [
      await client.post(form, { ...anna, password: 'wrong' }),
      await client.post(form, { ...anna, csrf: 'x' }),
      await client.call(url),
      await client.call(url, { method: 'DELETE' }),
      await client.visit(`${url}/`),
      await client.post(form, { ...anna }),
    ];
    for (const { headers, body, status } of answers) {
      assert.ok(!JSON.stringify({ ...headers }).includes(secret), String(status));
      const isForm = status === 401 || status === 200;
      const at = body.indexOf(secret);
      assert.ok(isForm || at === -1, body.slice(at - 200, at + 60));
    }
    const problem = await portal.visitor().visit(`${url}/`);
    assert.notEqual(problem.headers['referrer-policy'], 'same-origin');
    const events = await Array.fromAsync(portal.flows.stores.audit.read({ since: null }));
    // The test portal makes request ids of the path; a real one makes them of chance.
    const texts = events.map((event) => JSON.stringify({ ...event, requestId: null }));
    assert.ok(!texts.some((text) => text.includes(secret)));
    const lines = logged.filter((line) => line.includes('/_mfa/link/'));
    assert.ok(lines.length >= answers.length);
    for (const line of lines) {
      assert.ok(!line.includes(secret), line);
      assert.match(line, /"path":"\/_mfa\/link\/…"/);
    }
  });

  test('leads to the address of the configuration, whatever the request said its host was', async () => {
    const url = await linkFor(anna, 'invitation');
    assert.ok(url.startsWith(`${portal.config.portal.url}/link/`));
  });
});
