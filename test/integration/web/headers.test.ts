/** What every response of the portal carries, and how its cookies are fenced in (ASVS 5.0 §3.3, §3.4). */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { aRoute } from '../../support/builders.ts';
import { type Enrolled, enrollAtSignIn, nextCode } from '../../support/http-verbs.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';
import { type Answer, textsMarked, type WebClient } from '../../support/web-client.ts';

/** Answers of every kind: pages, refusals, redirects, files, problems as pages and documents. */
async function collectAnswers(portal: TestPortal): Promise<readonly Answer[]> {
  const person = await portal.addPerson('cleo', ['SEC-OPS']);
  const client = portal.visitor();
  const form = await client.open('/_mfa/sign-in?return_to=%2Fadmin');
  const answers: Answer[] = [form];
  const keep = async (answer: Promise<Answer>): Promise<Answer> => {
    answers.push(await answer);
    return answer;
  };

  await keep(client.post(form, { username: 'cleo', password: 'not-it-42' }));
  await keep(client.post(form, { ...person }));
  await keep(client.visit('/_mfa/enroll'));
  const enrollment = await keep(client.visit('/_mfa/enroll/totp'));
  const [secret = ''] = textsMarked(enrollment, 'data-totp-secret');
  await keep(client.post(enrollment, { code: nextCode(portal.clock, secret) }));
  const codes = await keep(client.visit('/_mfa/recovery-codes'));
  await keep(client.post(codes, { stored: 'yes' }));
  await keep(client.visit('/_mfa/account'));
  await keep(client.visit('/_mfa/step-up'));
  await keep(client.visit('/_mfa/problems/step-up-required'));
  await keep(client.visit('/_mfa/nothing-here'));
  await keep(client.call('/_mfa/nothing-here'));
  await keep(client.visit('/_mfa/account', { method: 'DELETE' }));
  await keep(client.visit('/_mfa/.well-known/jwks.json'));
  await keep(client.visit('/_mfa/assets/sallyport.css'));
  const question = await keep(client.visit('/_mfa/sign-out'));
  await keep(client.post(question, {}));

  const again = portal.visitor();
  const { username, password } = person;
  const challenge = await again.submit(await again.open('/_mfa/sign-in'), { username, password });
  answers.push(challenge, await again.post(challenge, { code: '000000' }));
  await keep(again.visit('/_mfa/challenge/recovery-code'));
  return answers;
}

const named = (answer: Answer): string => `${answer.url.pathname} ${String(answer.status)}`;

const setCookies = (answers: readonly Answer[]): readonly string[] =>
  answers.flatMap(({ headers }) => headers['set-cookie'] ?? []);

/** The attributes of a `Set-Cookie`, without name and value. */
const fenceOf = (line: string): readonly string[] => line.split('; ').slice(1).toSorted();

/** Browsers keep the device cookie for 400 days; all others go when the browser is closed. */
const maxAge = 'Max-Age=34560000';
const isDeviceCookie = (line: string): boolean => line.includes('sallyport-device=');

const cookiesAt = async (
  differences: Parameters<typeof startPortal>[0],
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const portal = await startPortal(differences);
  const person = await portal.addPerson('dan');
  const client = portal.visitor();
  const form = await client.open(`${portal.config.portal.url}/sign-in`);
  const answers = [form, await client.post(form, { ...person })];
  await portal.stop();
  return new Map(
    setCookies(answers).map((line) => [line.split('=')[0] ?? '', fenceOf(line)] as const),
  );
};

describe('every response of the portal', () => {
  let portal: TestPortal;
  let answers: readonly Answer[];

  before(async () => {
    portal = await startPortal({ origin: 'https://console.example.com' });
    answers = await collectAnswers(portal);
  });

  after(() => portal.stop());

  test('says that it is ours', () => {
    for (const answer of answers) {
      assert.match(String(answer.headers['sallyport-response']), /^[a-z][a-z-]+$/, named(answer));
    }
    const codes = new Set(answers.map(({ headers }) => headers['sallyport-response']));
    assert.deepEqual([...codes].map(String).toSorted(), [
      'enrollment-required',
      'invalid-credentials',
      'method-not-allowed',
      'not-found',
      'ok',
      'redirect',
    ]);
  });

  test('is fenced in', () => {
    for (const { headers, ...answer } of answers) {
      const name = named({ headers, ...answer });
      const policy = String(headers['content-security-policy']);
      assert.match(policy, /default-src 'none'/, name);
      assert.match(policy, /frame-ancestors 'none'/, name);
      assert.doesNotMatch(policy, /unsafe-/, name);
      assert.equal(headers['x-content-type-options'], 'nosniff', name);
      assert.equal(headers['referrer-policy'], 'same-origin', name);
      assert.equal(
        headers['strict-transport-security'],
        'max-age=31536000; includeSubDomains',
        name,
      );
      assert.equal(headers['x-powered-by'], undefined, name);
      assert.equal(headers['access-control-allow-origin'], undefined, name);
    }
  });

  test('is not kept by any cache, unless it is a file', () => {
    for (const { headers, ...answer } of answers) {
      const isFile = /\/(?:assets|\.well-known)\//.test(answer.url.pathname);
      if (isFile) assert.doesNotMatch(String(headers['cache-control']), /no-store/);
      else assert.equal(headers['cache-control'], 'no-store', named({ headers, ...answer }));
    }
  });

  test('uses a nonce of its own, on every element that loads something', () => {
    const pages = answers.filter(({ headers }) => /html/.test(String(headers['content-type'])));
    const nonces = pages.map(({ headers, body }) => {
      const [, nonce = ''] =
        /'nonce-([^']+)'/.exec(String(headers['content-security-policy'])) ?? [];
      const loading = [...body.matchAll(/<(?:script|style)\b[^>]*>|<link[^>]*stylesheet[^>]*>/g)];
      assert.ok(loading.length > 0);
      for (const [tag] of loading) assert.ok(tag.includes(`nonce="${nonce}"`), tag);
      assert.doesNotMatch(body, /\sstyle=|\son\w+=|javascript:/);
      return nonce;
    });
    assert.equal(new Set(nonces).size, pages.length);
  });

  test('contacts no other host', () => {
    for (const { body } of answers) {
      const addresses = [...body.matchAll(/(?:src|href|action)="([a-z]+:[^"]*)"/g)];
      for (const [, address = ''] of addresses) {
        assert.match(address, /^(?:https:\/\/console\.example\.com\/|otpauth:)/);
      }
    }
  });

  test('gives a length that is true', () => {
    for (const answer of answers.filter(({ status }) => status !== 304)) {
      const length = Number(answer.headers['content-length']);
      assert.equal(length, Buffer.byteLength(answer.body), named(answer));
    }
  });

  test('sets cookies that are small, ours, unreadable for scripts and for this host alone', () => {
    const lines = setCookies(answers).filter((line) => !line.includes('Max-Age=0'));
    assert.deepEqual([...new Set(lines.map((line) => line.split('=')[0] ?? ''))].toSorted(), [
      '__Host-sallyport',
      '__Host-sallyport-csrf',
      '__Host-sallyport-device',
    ]);
    for (const line of lines) {
      const fence = fenceOf(line).filter((part) => part !== maxAge || !isDeviceCookie(line));
      assert.deepEqual(fence, ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'], line);
      assert.ok(line.length < 4096);
    }
  });

  test('removes the session cookie under the fence it was set with', () => {
    const [gone = ''] = setCookies(answers).filter((line) => line.includes('Max-Age=0'));
    assert.match(gone, /^__Host-sallyport=;/);
    assert.deepEqual(fenceOf(gone), ['HttpOnly', 'Max-Age=0', 'Path=/', 'SameSite=Lax', 'Secure']);
  });
});

describe('the cookies of the portal', () => {
  test('reach every host of ours where a domain is configured, but for those of forms and devices', async () => {
    const cookies = await cookiesAt({
      origin: 'https://console.example.com',
      portalUrl: 'https://id.example.com',
      cookieDomain: 'example.com',
    });

    assert.deepEqual(cookies.get('__Secure-sallyport'), [
      'Domain=example.com',
      'HttpOnly',
      'Path=/',
      'SameSite=Lax',
      'Secure',
    ]);
    const fence = ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'];
    assert.deepEqual(cookies.get('__Host-sallyport-csrf'), fence);
    assert.deepEqual(cookies.get('__Host-sallyport-device'), [...fence, maxAge].toSorted());
  });

  test('have plain names over plain http', async () => {
    const cookies = await cookiesAt({});

    const names = ['sallyport', 'sallyport-csrf', 'sallyport-device'];
    assert.deepEqual([...cookies.keys()].toSorted(), names);
    for (const fence of cookies.values()) {
      const kept = fence.filter((part) => part !== maxAge);
      assert.deepEqual(kept, ['HttpOnly', 'Path=/', 'SameSite=Lax']);
    }
  });
});

describe('a portal on a host of its own', () => {
  let portal: TestPortal;
  let ben: Enrolled;

  before(async () => {
    portal = await startPortal({
      origin: 'https://console.example.com',
      portalUrl: 'https://id.example.com',
      cookieDomain: 'example.com',
      routes: [aRoute({ host: 'app.example.com' }), aRoute({ host: 'console.example.com' })],
    });
    const person = await portal.addPerson('ben', ['SEC-OPS']);
    const target = '/sign-in?return_to=https%3A%2F%2Fapp.example.com%2Fx';
    const { clock } = portal;
    ben = await enrollAtSignIn(portal.visitor(), { target, ...person, clock });
  });

  after(() => portal.stop());

  test('sends people back to the hosts of routes, and its forms may lead there', async () => {
    assert.equal(ben.landed.url.href, 'https://app.example.com/x');
    const client: WebClient = portal.visitor();
    const policy = String((await client.open('/sign-in')).headers['content-security-policy']);
    assert.match(policy, /form-action 'self' [^;]*https:\/\/app\.example\.com/);
  });

  test('has its pages at the root', async () => {
    const home = await ben.client.visit('/');
    assert.equal(home.headers.location, 'https://id.example.com/account');
  });
});
