/** Forms that other sites send in somebody's name (ASVS 5.0 §3.5, security items 53 and 56). */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { endpoints } from '../../../src/web/endpoints.ts';
import { type Enrolled, enrollAtSignIn, signInWithCode } from '../../support/http-verbs.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';
import type { Answer, WebClient } from '../../support/web-client.ts';

const forms = endpoints.filter(({ method }) => method === 'POST').map(({ path }) => path);

const tokenOn = (page: Answer): string => /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? '';

const post = async (
  client: WebClient,
  path: string,
  {
    fields = {},
    headers = {},
  }: { fields?: Record<string, string>; headers?: Record<string, string> },
): Promise<Answer> =>
  client.visit(`/_mfa${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
  });

/** Nothing was done: the form is refused, or the page has nothing to do with this person now. */
const assertRefused = (answer: Answer, path: string): void => {
  if (answer.status === 303) {
    assert.match(answer.headers.location ?? '', /\/_mfa\/(?:account|enroll)/, path);
  } else {
    assert.equal(answer.status, 403, path);
    assert.equal(answer.headers['sallyport-response'], 'form-expired', path);
  }
};

describe('a forged form', () => {
  let portal: TestPortal;
  let ben: Enrolled;

  before(async () => {
    portal = await startPortal();
    // Somebody whom every form would obey, those of the administration included.
    const person = await portal.addPerson('ben', ['SEC-OPS', 'AI-PLATFORM-ADMINS']);
    const { clock } = portal;
    const target = '/_mfa/sign-in';
    const enrolled = await enrollAtSignIn(portal.visitor(), { target, ...person, clock });
    const client = portal.visitor();
    await signInWithCode(client, { target, person: enrolled, clock });
    ben = { ...enrolled, client };
  });

  after(() => portal.stop());

  for (const path of forms) {
    test(`for ${path} is refused: without token, with somebody else's, from elsewhere`, async () => {
      const { client, username, password } = ben;
      const own = tokenOn(await client.open('/_mfa/account'));
      assert.ok(own.length > 40);
      const stranger = portal.visitor();
      const others = tokenOn(await stranger.open('/_mfa/sign-in'));
      const fields = { username, password, code: '000000', action: 'sign-out-everywhere' };

      assertRefused(await post(client, path, { fields }), path);
      for (const csrf of ['', 'x', others, `${own}x`]) {
        assertRefused(await post(client, path, { fields: { ...fields, csrf } }), path);
      }
      const right = { ...fields, csrf: own };
      const elsewhere = [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { origin: 'https://console.test' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
      ];
      for (const headers of elsewhere) {
        const answer = await post(client, path, { fields: right, headers });
        assert.equal(answer.status, 403, JSON.stringify(headers));
      }
      assert.equal((await client.open('/_mfa/account')).status, 200);
    });

    test(`for ${path} is refused as anything but a form`, async () => {
      const { client } = ben;
      for (const type of [
        'text/plain',
        'application/json',
        'multipart/form-data; boundary=x',
        '',
      ]) {
        const answer = await post(client, path, { headers: { 'content-type': type } });
        assert.equal(answer.status, 415, type);
        assert.equal(answer.headers['sallyport-response'], 'unsupported-media-type', type);
      }
    });

    test(`for ${path} cannot be disguised as another method`, async () => {
      const csrf = tokenOn(await ben.client.open('/_mfa/account'));
      const query = `?${new URLSearchParams({ csrf, action: 'sign-out-everywhere', _method: 'POST' }).toString()}`;
      await ben.client.visit(`/_mfa${path}${query}`);
      await ben.client.visit(`/_mfa${path}${query}`, {
        headers: { 'x-http-method-override': 'POST' },
      });
      const put = await ben.client.visit(`/_mfa${path}${query}`, { method: 'PUT' });

      assert.equal(put.status, 405);
      assert.match(String(put.headers.allow), /POST/);
      assert.equal((await ben.client.open('/_mfa/account')).status, 200);
    });
  }

  test('a token does not outlive the sign-in or the rise that came after it', async () => {
    const { username, password } = ben;
    const client = portal.visitor();
    const before = await client.open('/_mfa/sign-in');
    await client.post(before, { username, password });

    const stale = await client.post(before, { username, password });

    assert.equal(stale.headers['sallyport-response'], 'form-expired');
    assert.match(stale.body, /Start again/);
  });

  test('whoever starts again after their form expired is still on the way to the same page', async () => {
    const client = portal.visitor();
    const target = encodeURIComponent('/admin/users/7?tab=mail');
    const page = await client.open(`/_mfa/sign-in?return_to=${target}`);
    const expired = await client.post(page, { username: 'ben', password: 'x', csrf: 'old' });

    assert.equal(expired.headers['sallyport-response'], 'form-expired');
    const kept = encodeURIComponent('http://console.test/admin/users/7?tab=mail');
    assert.ok(expired.body.includes(`/_mfa/sign-in?return_to=${kept}"`), expired.body);

    const lured = `/_mfa/sign-in?return_to=${encodeURIComponent('https://evil.example/')}`;
    const refused = await client.visit(lured, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    assert.equal(refused.headers['sallyport-response'], 'form-expired');
    assert.doesNotMatch(refused.body, /evil/);
  });

  test('a sign-in is refused that somebody else prepared', async () => {
    // The victim would find themselves in the attacker's account.
    const attacker = portal.visitor();
    const csrf = tokenOn(await attacker.open('/_mfa/sign-in'));
    const victim = portal.visitor();
    await victim.open('/_mfa/sign-in');
    const { username, password } = ben;

    const answer = await post(victim, '/sign-in', { fields: { username, password, csrf } });

    assert.equal(answer.headers['sallyport-response'], 'form-expired');
    assert.equal(victim.cookie('sallyport'), null);
  });
});
