/** Requests that are turned away before or instead of being passed on, whoever asks. Holds G1. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type BareGateway, startBareGateway } from '../../support/bare-gateway.ts';
import { aRoute, aRule } from '../../support/builders.ts';
import { type FakeUpstream, startFakeUpstream } from '../../support/fake-upstream.ts';
import { lines, type RawAnswer, sendRaw } from '../../support/raw-client.ts';

let upstream: FakeUpstream;
let gateway: BareGateway;

before(async () => {
  upstream = await startFakeUpstream();
  gateway = await startBareGateway({ routes: [] });
  gateway.reload([
    aRoute({
      path: '/loop/**',
      upstream: { origin: gateway.origin },
      rules: [aRule({ effect: 'public' })],
    }),
    aRoute({ name: 'all', upstream, rules: [aRule({ effect: 'public' })] }),
  ]);
});
after(async () => {
  await gateway.stop();
  await upstream.stop();
});

describe('the gateway', () => {
  test('ends a request that comes back to it instead of passing it on for ever', async () => {
    const answer = await fetch(`${gateway.origin}/loop/x`);

    const { code } = (await answer.json()) as { readonly code: string };
    assert.deepEqual([answer.status, code], [508, 'loop-detected']);
  });

  test('shows a person who mistyped an address a page, and a program a document', async () => {
    const page = await askAmbiguously('text/html');
    const document = await askAmbiguously('*/*');

    assert.deepEqual(
      [page, document].map((answer) => [answer.status, ...answer.header('content-type')]),
      [
        [400, 'text/html; charset=utf-8'],
        [400, 'application/problem+json'],
      ],
    );
  });

  test('promises nothing but to take the body (RFC 9110 §10.1.1)', async () => {
    const answer = await sendRaw(
      gateway.port,
      lines(
        'POST /x HTTP/1.1',
        'Host: console.example.com',
        'Expect: a-miracle',
        'Content-Length: 0',
      ),
    );

    assert.deepEqual([answer.status, answer.header('sallyport-response')], expectationFailed);
    assert.equal(upstream.requests.length, 0);
  });
});

const expectationFailed = [417, ['expectation-failed']];

function askAmbiguously(accept: string): Promise<RawAnswer> {
  return sendRaw(
    gateway.port,
    lines('GET /x%2fy HTTP/1.1', 'Host: a.example', `Accept: ${accept}`),
  );
}
