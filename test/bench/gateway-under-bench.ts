/** A gateway with everything switched on, the people in it, and a finished session. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { openFoundation } from '../../src/compose.ts';
import { fixedConfig } from '../../src/config/live.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createUser } from '../../src/flows/admin/users.ts';
import { codeAt } from '../support/authenticator-app.ts';
import { quietLog } from '../support/quiet-log.ts';
import { textsMarked, WebClient } from '../support/web-client.ts';

const password = 'seven lamps in the quiet harbour';

/** People who sign in at once in the storm. */
export const stormPeople = 50;

/** The name of one of them. */
export function stormPerson(at: number): string {
  return `storm-${String(at)}`;
}

/** A configuration on disk whose people are `bench` and those of the storm. */
export interface UnderBench {
  readonly url: string;
  readonly configFile: string;
}

/** Writes a configuration with network, policy, audience and assertion, and adds the people. */
export async function gatewayUnderBench(options: {
  readonly folder: string;
  readonly port: number;
  readonly upstreamPort: number;
  readonly sessions: string;
}): Promise<UnderBench> {
  const { folder, port, upstreamPort, sessions } = options;
  mkdirSync(folder, { recursive: true });
  const url = `http://127.0.0.1:${String(port)}`;
  const configFile = path.join(folder, 'bench.yaml');
  const policyFile = path.resolve(import.meta.dirname, '../../config/mfa-policy.yaml');
  writeFileSync(
    configFile,
    `server: { listen: '127.0.0.1:${String(port)}', publicUrl: '${url}', management: null }
storage: { database: 'sqlite:./bench.db', sessions: '${sessions}', encryptionKeyFile: ./bench.key }
logging: { level: warn }
networks: { zone-e: [127.0.0.0/8, 10.20.0.0/24, '2001:db8:e::/48'] }
policy: { file: '${policyFile}', tiers: { TIER1: [OPERATORS] } }
routes:
  - name: app
    path: /app/**
    upstream: http://127.0.0.1:${String(upstreamPort)}
    network: zone-e
    rules:
      - { when: { path: /app/assets/**, method: GET }, effect: public }
      - { when: { method: [POST, PUT, DELETE] }, requires: { level: 2, within: 5m } }
      - { for: { groups: [OPERATORS] }, requires: { level: 2 } }
`,
  );
  const config = loadConfig(configFile, { environment: {}, upstreams: 'required', port: null });
  const foundation = await openFoundation(fixedConfig(config), { log: quietLog });
  const people = ['bench', ...Array.from({ length: stormPeople }, (_, at) => stormPerson(at))];
  const made = await Promise.all(
    people.map((username) =>
      createUser(foundation.flows, { username, groups: ['OPERATORS'], password }),
    ),
  );
  assert.ok(made.every(({ ok }) => ok));
  await foundation.close();
  return { url, configFile };
}

/** Signs `bench` in, enrolls, and returns the `Cookie` header of the finished session. */
export async function signedInCookie(under: UnderBench): Promise<string> {
  const client = new WebClient(under.url);
  const signIn = await client.open('/_mfa/sign-in');
  await client.submit(signIn, { username: 'bench', password });
  const enroll = await client.open('/_mfa/enroll/totp');
  const secret = textsMarked(enroll, 'data-totp-secret')[0]?.replaceAll(/\s/g, '') ?? '';
  const codes = await client.submit(enroll, { code: codeAt(secret, Date.now()) });
  await client.submit(codes, { stored: 'on' });
  return client.cookieHeader();
}

/** One sign-in from an address of its own, form and all; true when a session came of it. */
export async function signInFrom(
  localAddress: string,
  origin: string,
  username: string,
): Promise<boolean> {
  const page = await send(origin, { localAddress, method: 'GET', headers: {} }, '');
  const cookie = page.cookies.join('; ');
  const csrf = /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
  const body = new URLSearchParams({ username, password, csrf, return_to: '' }).toString();
  const headers = { cookie, origin, 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await send(origin, { localAddress, method: 'POST', headers }, body);
  return answer.status === 303;
}

function send(
  origin: string,
  options: http.RequestOptions,
  body: string,
): Promise<{ status: number; cookies: string[]; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request(`${origin}/_mfa/sign-in`, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const set = response.headers['set-cookie'] ?? [];
        const cookies = set.map((line) => line.split(';')[0] ?? '');
        resolve({ status: response.statusCode ?? 0, cookies, body: text });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}
