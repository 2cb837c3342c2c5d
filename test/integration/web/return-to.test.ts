/** Every hostile `return_to` of the corpus, through every page that follows one (G11). */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { aNetwork, aRoute } from '../../support/builders.ts';
import { readCorpus } from '../../support/corpus.ts';
import { type Enrolled, enrollAtSignIn } from '../../support/http-verbs.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';
import type { Answer } from '../../support/web-client.ts';

// The corpus is written for this installation.
const routes = [
  aRoute({ host: 'app.example.com' }),
  aRoute({ host: '*.lab.example.com' }),
  aRoute({ host: 'other.example.org' }),
  aRoute({ host: null }),
];

// Each text is judged in test/conformance; here it is seen that every page asks for the judgement.
const hostile = readCorpus('open-redirects.txt', 1).map(({ words: [text = ''] }) => text);
const everyFifth = hostile.filter((_, index) => index % 5 === 0);

const assertStays = (answer: Answer, text: string): void => {
  assert.equal(answer.headers.location, 'https://console.example.com/_mfa/account', text);
};

describe('return_to', () => {
  let portal: TestPortal;
  let ben: Enrolled;

  before(async () => {
    portal = await startPortal({
      origin: 'https://console.example.com',
      cookieDomain: 'example.com',
      routes,
    });
    const person = await portal.addPerson('ben', ['SEC-OPS']);
    const { clock } = portal;
    ben = await enrollAtSignIn(portal.visitor(), { target: '/_mfa/sign-in', ...person, clock });
  });

  after(() => portal.stop());

  test('sends whoever is signed in to their account when it is hostile', async () => {
    for (const text of hostile) {
      const query = `?return_to=${encodeURIComponent(text)}`;
      assertStays(await ben.client.visit(`/_mfa/sign-in${query}`), text);
      assertStays(await ben.client.visit(`/_mfa/challenge${query}`), text);
      assertStays(await ben.client.visit(`/_mfa/enroll${query}`), text);
    }
  });

  test('is not written into any page when it is hostile', async () => {
    const client = portal.visitor();
    for (const text of everyFifth) {
      const page = await client.open(`/_mfa/sign-in?return_to=${encodeURIComponent(text)}`);
      assert.match(page.body, /name="return_to" value=""/, text);
      assert.doesNotMatch(page.body, /You are going to/, text);
    }
  });

  test('is judged again when a form brings it back', async () => {
    const { username, password } = await portal.addPerson('dan');
    const samples = hostile.filter((_, index) => index % 12 === 0);
    for (const text of samples) {
      const client = portal.visitor();
      const page = await client.open('/_mfa/sign-in?return_to=%2Fadmin');
      assertStays(await client.post(page, { username, password, return_to: text }), text);
    }
  });

  test('counts once: of two nobody knows which was meant', async () => {
    const answer = await ben.client.visit('/_mfa/sign-in?return_to=%2Fa&return_to=%2Fb');
    assertStays(answer, 'two values');
  });

  test('follows to hosts of routes that the session reaches', async () => {
    const places = {
      '/admin/x?y=1#z': 'https://console.example.com/_mfa/account',
      '/admin/x?y=1': 'https://console.example.com/admin/x?y=1',
      'https://app.example.com/a': 'https://app.example.com/a',
      'https://one.lab.example.com/': 'https://one.lab.example.com/',
    };
    for (const [text, place] of Object.entries(places)) {
      const query = `?return_to=${encodeURIComponent(text)}`;
      const answer = await ben.client.visit(`/_mfa/sign-in${query}`);
      assert.equal(answer.headers.location, place);
    }
  });

  test('goes with the person from page to page', async () => {
    const query = `?return_to=${encodeURIComponent('/admin/users/7?tab=mail&x=%2F')}`;
    const page = await portal.visitor().open(`/_mfa/account${query}`);

    assert.equal(page.url.pathname, '/_mfa/sign-in');
    assert.match(
      page.body,
      /value="https:\/\/console\.example\.com\/admin\/users\/7\?tab=mail&amp;x=%2F"/,
    );
  });

  test('says nothing about a route whose network the person is outside of', async () => {
    const zoned = await startPortal({
      routes: [aRoute({ name: 'secret-console', network: aNetwork('zone-e', ['10.20.0.0/24']) })],
    });
    const page = await zoned.visitor().open('/_mfa/sign-in?return_to=%2Fadmin');
    await zoned.stop();

    assert.equal(page.status, 200);
    assert.doesNotMatch(page.body, /Secret console/);
  });
});
