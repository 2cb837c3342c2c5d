/** Every form, sent twice at the same moment: a double click, or two windows (G5). */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Enrolled, enrollAtSignIn, nextCode } from '../../support/http-verbs.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';
import { type Answer, textsMarked, type WebClient } from '../../support/web-client.ts';

/**
 * Sends the form from two copies of the browser at once. The browser that people look at shows
 * the second answer and holds the cookies of both.
 */
const sendTwice = async (
  client: WebClient,
  page: Answer,
  fields: Readonly<Record<string, string>>,
): Promise<{ readonly answers: readonly Answer[]; readonly browsers: readonly WebClient[] }> => {
  const browsers = [client.copy(), client.copy()];
  const answers = await Promise.all(browsers.map(async (browser) => browser.post(page, fields)));
  return { answers, browsers };
};

const countSignedIn = async (browsers: readonly WebClient[]): Promise<number> => {
  const pages = await Promise.all(browsers.map(async (one) => one.open('/_mfa/account')));
  return pages.filter((page) => page.url.pathname === '/_mfa/account').length;
};

describe('a form that is sent twice', () => {
  let portal: TestPortal;

  const enrolledAs = async (username: string): Promise<Enrolled> => {
    const person = await portal.addPerson(username, ['SEC-OPS']);
    const { clock } = portal;
    return enrollAtSignIn(portal.visitor(), { target: '/_mfa/sign-in', ...person, clock });
  };

  const afterPassword = async ({ username, password }: Enrolled): Promise<WebClient> => {
    const client = portal.visitor();
    await client.post(await client.open('/_mfa/sign-in'), { username, password });
    return client;
  };

  before(async () => {
    portal = await startPortal();
  });

  after(() => portal.stop());

  test('with a code makes one session, and calls nobody wrong', async () => {
    const person = await enrolledAs('ben');
    const client = await afterPassword(person);
    const page = await client.open('/_mfa/challenge?return_to=%2Fadmin');
    const code = nextCode(portal.clock, person.secret);

    const { answers, browsers } = await sendTwice(client, page, { code });

    const places = answers.map(({ headers }) => headers.location ?? '').toSorted();
    assert.deepEqual(places, [
      'http://console.test/_mfa/sign-in?return_to=http%3A%2F%2Fconsole.test%2Fadmin',
      'http://console.test/admin',
    ]);
    assert.equal(await countSignedIn(browsers), 1);
  });

  test('with a recovery code uses it up once and makes one session', async () => {
    const person = await enrolledAs('bea');
    const client = await afterPassword(person);
    const page = await client.open('/_mfa/challenge/recovery-code');
    const { browsers } = await sendTwice(client, page, {
      recovery_code: person.recoveryCodes[0] ?? '',
    });

    assert.equal(await countSignedIn(browsers), 1);
  });

  test('with the first code of an app enrolls it once', async () => {
    const person = await portal.addPerson('nina', ['SEC-OPS']);
    const client = portal.visitor();
    await client.post(await client.open('/_mfa/sign-in'), { ...person });
    const page = await client.open('/_mfa/enroll/totp');
    const [secret = ''] = textsMarked(page, 'data-totp-secret');

    const { answers, browsers } = await sendTwice(client, page, {
      code: nextCode(portal.clock, secret),
    });

    assert.deepEqual(answers.map(({ headers }) => headers.location ?? '').toSorted(), [
      'http://console.test/_mfa/recovery-codes',
      'http://console.test/_mfa/sign-in',
    ]);
    const user = await portal.flows.stores.users.findByUsername('nina');
    assert.ok(user);
    const enrolled = await portal.flows.stores.authenticators.listOfUser(user.id);
    assert.equal(enrolled.length, 1);
    const pages = await Promise.all(
      browsers.map(async (browser) => browser.open('/_mfa/recovery-codes')),
    );
    const shown = pages.map((shownPage) => textsMarked(shownPage, 'data-recovery-code').length);
    assert.deepEqual(
      shown.toSorted((one, other) => one - other),
      [0, 10],
    );
  });

  test('with a step-up raises one session', async () => {
    const person = await enrolledAs('bo');
    const page = await person.client.open('/_mfa/step-up');
    const { browsers } = await sendTwice(person.client, page, {
      password: person.password,
      code: nextCode(portal.clock, person.secret),
    });

    assert.equal(await countSignedIn(browsers), 1);
  });

  test('to confirm recovery codes confirms them and goes on, twice', async () => {
    const person = await portal.addPerson('cleo', ['SEC-OPS']);
    const client = portal.visitor();
    await client.post(await client.open('/_mfa/sign-in'), { ...person });
    const enrollment = await client.open('/_mfa/enroll/totp');
    const [secret = ''] = textsMarked(enrollment, 'data-totp-secret');
    const shown = await client.submit(enrollment, { code: nextCode(portal.clock, secret) });

    const { answers } = await sendTwice(client, shown, { stored: 'yes' });

    for (const { headers } of answers) {
      assert.equal(headers.location, 'http://console.test/_mfa/account');
    }
  });

  test('to sign out signs out, twice', async () => {
    const person = await enrolledAs('basil');
    const page = await person.client.open('/_mfa/sign-out');
    const { answers, browsers } = await sendTwice(person.client, page, {});

    for (const { status, headers } of answers) {
      assert.equal(status, 303);
      assert.match(headers.location ?? '', /\/_mfa\/sign-(?:out|in)$/);
    }
    assert.equal(await countSignedIn(browsers), 0);
  });

  test('with fifty guesses at once has no more looked at than the limit allows', async () => {
    const person = await enrolledAs('bodo');
    const client = await afterPassword(person);
    const page = await client.open('/_mfa/challenge');
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, guess) =>
        client.copy().post(page, { code: String(100_000 + guess) }),
      ),
    );

    const looked = answers.filter(({ status }) => status === 401).length;
    assert.ok(looked <= 4, String(looked));
    assert.equal(answers.filter(({ status }) => status === 429).length, 50 - looked);
  });
});
