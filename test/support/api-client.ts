/**
 * A program that calls the API: JSON in, JSON out, and a token where it has one. Every answer is
 * held against the OpenAPI document.
 */

import assert from 'node:assert/strict';
import type http from 'node:http';
import { assertDocumented } from './api-document.ts';
import { codeAt } from './authenticator-app.ts';
import type { MovableClock } from './http-verbs.ts';
import type { RequestOptions, WebClient } from './web-client.ts';

/** What came back. */
export interface ApiReply {
  readonly status: number;
  /** `Sallyport-Response`: `ok`, or the code of the problem. */
  readonly code: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: ApiBody;
}

/** Members that answers have; each has those that its schema says, and no others. */
export interface ApiBody {
  readonly [member: string]: unknown;
  readonly token: string;
  readonly mfa_token: string;
  readonly enrollment_token: string;
  readonly user: { readonly username: string };
  readonly secret: string;
  readonly otpauth_url: string;
  readonly qr_code: string;
  readonly backup_codes: readonly string[];
  readonly authenticators: readonly object[];
  readonly items: readonly { readonly id: string }[];
  readonly next_cursor: string | null;
  readonly key: { readonly id: string };
  readonly api_key: string;
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[];
}

/** How one call differs from a plain one. */
export interface ApiCallOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: RequestOptions['headers'];
  /** Where the API is, below the origin. */
  readonly base?: string;
}

/** Calls `METHOD /path` below `/_mfa/api/v1`. */
export async function callApi(
  client: WebClient,
  what: string,
  { token, body, headers = {}, base = '/_mfa/api/v1' }: ApiCallOptions = {},
): Promise<ApiReply> {
  const [method = 'GET', path = '/'] = what.split(' ', 2);
  const isUnsafe = method !== 'GET' && method !== 'HEAD';
  const answer = await client.call(base + path, {
    method,
    headers: {
      ...(isUnsafe && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const parsed = (answer.body === '' ? {} : JSON.parse(answer.body)) as ApiBody;
  if (method !== 'HEAD') {
    const { status, headers: sent } = answer;
    assertDocumented(method, path, { status, contentType: sent['content-type'], body: parsed });
  }
  return {
    status: answer.status,
    code: String(answer.headers['sallyport-response']),
    headers: answer.headers,
    body: parsed,
  };
}

/** Somebody with an authenticator app, all of it set up over the API. */
export interface ApiPerson {
  readonly username: string;
  readonly password: string;
  readonly secret: string;
  readonly backupCodes: readonly string[];
  /** Signed in; by a token that was issued once enrollment was complete. */
  readonly token: string;
}

/** Signs somebody in and sets up their app: by the enrollment token where they must, else by theirs. */
export async function enrollOverApi(
  client: WebClient,
  clock: MovableClock,
  person: { readonly username: string; readonly password: string },
): Promise<ApiPerson> {
  const { username, password } = person;
  const first = await callApi(client, 'POST /auth/login', { body: { username, password } });
  const token = first.body.enrollment_token ?? first.body.token;
  const setUp = await callApi(client, 'POST /mfa/setup', { token });
  assert.equal(setUp.status, 200, JSON.stringify(setUp.body));
  const secret = setUp.body.secret;
  clock.advance(30);
  const code = codeAt(secret, clock.now());
  const verified = await callApi(client, 'POST /mfa/verify', { token, body: { code } });
  assert.equal(verified.status, 200, JSON.stringify(verified.body));
  return {
    username,
    password,
    secret,
    backupCodes: setUp.body.backup_codes,
    token: verified.body.token,
  };
}

/** A token of somebody who has just proved both factors. */
export async function freshToken(
  client: WebClient,
  clock: MovableClock,
  person: Pick<ApiPerson, 'username' | 'password' | 'secret'>,
): Promise<string> {
  clock.advance(30);
  const { username, password, secret } = person;
  const body = { username, password, mfa_code: codeAt(secret, clock.now()) };
  const answer = await callApi(client, 'POST /auth/login', { body });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.token;
}
