/** Once means once over the API too, and over API and pages together (G5, F30, F31). */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ApiPerson, callApi, enrollOverApi } from '../../support/api-client.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import { signIn } from '../../support/http-verbs.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';

let portal: TestPortal;

before(async () => {
  portal = await startPortal();
});
after(async () => {
  await portal.stop();
});

async function enrolled(username: string): Promise<ApiPerson> {
  const person = await portal.addPerson(username, ['SEC-OPS']);
  return enrollOverApi(portal.visitor(), portal.clock, person);
}

async function mfaTokenOf({ username, password }: ApiPerson): Promise<string> {
  const body = { username, password };
  return (await callApi(portal.visitor(), 'POST /auth/login', { body })).body.mfa_token;
}

const answer = async (mfa_token: string, given: object) =>
  callApi(portal.visitor(), 'POST /auth/mfa', { body: { mfa_token, ...given } });

describe('an mfa token', () => {
  test('is used up once, by whichever of its right answers came first', async () => {
    const anna = await enrolled('anna');
    const mfaToken = await mfaTokenOf(anna);
    portal.clock.advance(30);
    const given = [
      { code: codeAt(anna.secret, portal.clock.now()) },
      ...anna.backupCodes.slice(0, 3).map((backup_code) => ({ backup_code })),
    ];
    const answers = await Promise.all(given.map(async (one) => answer(mfaToken, one)));
    const tokens = answers.filter(({ status }) => status === 200);
    assert.equal(tokens.length, 1, JSON.stringify(answers.map(({ code }) => code)));
    for (const { code } of answers.filter(({ status }) => status !== 200)) {
      assert.ok(code === 'invalid-token' || code === 'not-signed-in', code);
    }
    // The codes of those that came too late were given back: nothing came of them.
    const { id } = (await portal.flows.stores.users.findByUsername('anna')) ?? assert.fail();
    const left = await portal.flows.stores.recoveryCodes.countLeft(id);
    assert.equal(left, tokens[0]?.body['remaining_codes'] ?? 10);
  });

  test('is not used up by a wrong answer', async () => {
    const ben = await enrolled('ben');
    const mfaToken = await mfaTokenOf(ben);
    portal.clock.advance(30);
    assert.equal((await answer(mfaToken, { code: '000000' })).code, 'invalid-credentials');
    const code = codeAt(ben.secret, portal.clock.now());
    assert.equal((await answer(mfaToken, { code })).status, 200);
  });

  test('lasts five minutes', async () => {
    const eva = await enrolled('eva');
    const mfaToken = await mfaTokenOf(eva);
    portal.clock.advance(300);
    const code = codeAt(eva.secret, portal.clock.now());
    assert.equal((await answer(mfaToken, { code })).code, 'invalid-token');
  });
});

describe('a code', () => {
  test('that is typed on a page and sent to the API at once lets one of them in', async () => {
    const kim = await enrolled('kim');
    const browser = portal.visitor();
    const challenge = await signIn(browser, { target: '/_mfa/sign-in', ...kim });
    assert.match(challenge.url.pathname, /\/challenge$/);
    const mfaTokens = await Promise.all([1, 2, 3].map(async () => mfaTokenOf(kim)));
    portal.clock.advance(30);
    const code = codeAt(kim.secret, portal.clock.now());

    const { username, password } = kim;
    const [page, ...calls] = await Promise.all([
      browser.post(challenge, { code }),
      ...mfaTokens.map(async (mfaToken) => answer(mfaToken, { code })),
      callApi(portal.visitor(), 'POST /auth/login', {
        body: { username, password, mfa_code: code },
      }),
    ]);
    const successes = [page.status === 303, ...calls.map(({ status }) => status === 200)];
    assert.equal(successes.filter(Boolean).length, 1, JSON.stringify(successes));
  });

  test('guessed over both is counted in one (G7)', async () => {
    const lea = await enrolled('lea');
    const browser = portal.visitor();
    const challenge = await signIn(browser, { target: '/_mfa/sign-in', ...lea });
    const mfaToken = await mfaTokenOf(lea);
    const guesses = await Promise.all([
      ...[1, 2, 3, 4].map(async () => answer(mfaToken, { code: '000000' })),
      ...[1, 2, 3, 4].map(async () => answer(mfaToken, { backup_code: 'AAAA-AAAA' })),
    ]);
    await browser.post(challenge, { code: '000000' });
    const looked = guesses.filter(({ code }) => code === 'invalid-credentials');
    assert.ok(looked.length <= 4, String(looked.length));
    portal.clock.advance(30);
    const right = codeAt(lea.secret, portal.clock.now());
    assert.equal((await answer(mfaToken, { code: right })).code, 'too-many-attempts');
    const onPage = await browser.post(challenge, { code: right });
    assert.equal(onPage.status, 429);
  });
});

describe('two set-ups of one person', () => {
  test('at once end in one authenticator; whoever came second proves the first', async () => {
    const person = await portal.addPerson('max', ['SEC-OPS']);
    const tokens = await Promise.all(
      [1, 2].map(
        async () =>
          (await callApi(portal.visitor(), 'POST /auth/login', { body: person })).body
            .enrollment_token,
      ),
    );
    const setUps = [];
    for (const token of tokens)
      setUps.push(await callApi(portal.visitor(), 'POST /mfa/setup', { token }));
    portal.clock.advance(30);
    const answers = await Promise.all(
      setUps.map(async ({ body }, at) =>
        callApi(portal.visitor(), 'POST /mfa/verify', {
          token: tokens[at] ?? '',
          body: { code: codeAt(body.secret, portal.clock.now()) },
        }),
      ),
    );
    const [winner, ...others] = answers.toSorted((one, other) => one.status - other.status);
    assert.equal(winner?.code, 'ok');
    for (const { code } of others) {
      assert.ok(code === 'step-up-required' || code === 'second-factor-required', code);
    }
    // Of two sets of codes the later took the place of the other; who won has a live one.
    const shown = setUps[answers.indexOf(winner)]?.body.backup_codes ?? [];
    const live = (winner.body['backup_codes'] as readonly string[] | undefined) ?? shown;
    portal.clock.advance(30);
    const body = { ...person, backup_code: live[0] };
    const signedIn = await callApi(portal.visitor(), 'POST /auth/login', { body });
    assert.deepEqual([signedIn.status, signedIn.body['remaining_codes']], [200, 9]);
  });
});
