/** How a problem looks from outside. */

import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { portalAt } from '../../../src/core/locations.ts';
import type { RequestId } from '../../../src/core/ids.ts';
import { problemDocument } from '../../../src/core/problem-document.ts';
import { Problem } from '../../../src/core/problem.ts';
import {
  prefersHtml,
  prefersJson,
  type ProblemSetting,
  sendProblem,
} from '../../../src/platform/problem-response.ts';

const portal = portalAt('https://console.example.com/_mfa');
const requestId = 'req_1' as RequestId;

const setting: ProblemSetting = {
  portal,
  requestId,
  isHttps: true,
  renderHtml: (problem) => ({
    html: `<p>${problem.code}`,
    headers: { 'Content-Security-Policy': "default-src 'none'; style-src 'nonce-x'" },
  }),
};

/** The response to a request with this `Accept` header. */
function respond(
  accept: string | undefined,
  problem: Problem,
  differences: Partial<ProblemSetting> & { readonly method?: string } = {},
): { readonly res: ServerResponse; readonly body: string } {
  const req = new IncomingMessage(new Socket());
  req.method = differences.method ?? 'GET';
  if (accept !== undefined) req.headers.accept = accept;
  const res = new ServerResponse(req);
  let body = '';
  res.end = ((chunk?: string) => {
    body = chunk ?? '';
    return res;
  }) as typeof res.end;
  sendProblem(req, res, problem, { ...setting, ...differences });
  return { res, body };
}

describe('a problem document', () => {
  test('has the members of RFC 9457, the code, and no cause', () => {
    const problem = new Problem('step-up-required', {
      detail: 'Confirm first.',
      members: { step_up_url: 'https://console.example.com/_mfa/step-up', status: 200 },
      retryAfterSeconds: 3,
      cause: new Error('secret'),
    });

    assert.deepEqual(problemDocument(problem, portal, requestId), {
      step_up_url: 'https://console.example.com/_mfa/step-up',
      type: 'https://console.example.com/_mfa/problems/step-up-required',
      title: 'Please confirm it is you.',
      status: 401,
      detail: 'Confirm first.',
      instance: 'urn:sallyport:request:req_1',
      code: 'step-up-required',
      retry_after_seconds: 3,
    });
  });
});

const throwing = (): never => {
  throw new Error('broken template');
};

describe('a problem response', () => {
  const problem = new Problem('store-unavailable', { retryAfterSeconds: 5 });

  test('is a document for programs', () => {
    const { res, body } = respond('application/json', problem);

    assert.equal(res.statusCode, 503);
    assert.equal(res.getHeader('Content-Type'), 'application/problem+json');
    assert.equal(res.getHeader('Sallyport-Response'), 'store-unavailable');
    assert.equal(res.getHeader('Retry-After'), '5');
    assert.equal(res.getHeader('Cache-Control'), 'no-store');
    assert.equal(res.getHeader('Content-Length'), Buffer.byteLength(body));
    assert.equal((JSON.parse(body) as { code: string }).code, 'store-unavailable');
  });

  test('is a page for people, with the policy of the page', () => {
    const { res, body } = respond('text/html,*/*;q=0.8', problem);

    assert.equal(res.getHeader('Content-Type'), 'text/html; charset=utf-8');
    assert.match(String(res.getHeader('Content-Security-Policy')), /nonce-x/);
    assert.equal(body, '<p>store-unavailable');
  });

  test('is a document when the page cannot be rendered', () => {
    const { res, body } = respond('text/html', problem, { renderHtml: throwing });

    assert.equal(res.getHeader('Content-Type'), 'application/problem+json');
    assert.doesNotMatch(body, /broken/);
  });

  test('has no body for HEAD and keeps the length', () => {
    const { res, body } = respond(undefined, problem, { method: 'HEAD' });

    assert.equal(body, '');
    assert.ok(Number(res.getHeader('Content-Length')) > 0);
  });

  test('carries further headers, and Strict-Transport-Security over https only', () => {
    const headers = { 'WWW-Authenticate': 'Bearer' };
    const { res } = respond(undefined, problem, { headers });
    assert.equal(res.getHeader('WWW-Authenticate'), 'Bearer');
    assert.match(String(res.getHeader('Strict-Transport-Security')), /includeSubDomains/);

    const plain = respond(undefined, problem, { isHttps: false });
    assert.equal(plain.res.getHeader('Strict-Transport-Security'), undefined);
  });
});

describe('negotiation', () => {
  // prettier-ignore
  const cases = [
    // Accept                                              HTML    JSON
    [undefined,                                            false,  false],
    ['*/*',                                                false,  false],
    ['text/*',                                             false,  false],
    ['text/html',                                          true,   false],
    ['text/html,application/xhtml+xml,*/*;q=0.8',          true,   false],
    ['application/xhtml+xml',                              true,   false],
    ['TEXT/HTML ; Q=0.5',                                  true,   false],
    ['application/json',                                   false,  true],
    ['application/problem+json, text/html;q=0.5',          false,  true],
    ['application/json;q=0.5, text/html',                  true,   false],
    ['text/html;q=0',                                      false,  false],
    ['text/html;q=abc',                                    false,  false],
    [', ;;, ,',                                            false,  false],
  ] as const;

  for (const [accept, html, json] of cases) {
    test(`${accept ?? 'no Accept'}: a page ${String(html)}, a document ${String(json)}`, () => {
      assert.equal(prefersHtml(accept), html);
      assert.equal(prefersJson(accept), json);
    });
  }
});
