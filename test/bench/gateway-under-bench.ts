/** A gateway with everything switched on, a person in it, and her session. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generateSync } from 'otplib';
import { textsMarked, WebClient } from '../support/web-client.ts';

const password = 'seven lamps in the quiet harbour';

/** A configuration on disk whose only person is `bench`. */
export interface UnderBench {
  readonly url: string;
  readonly configFile: string;
}

/** Writes a configuration with network, policy, audience and assertion, and adds the person. */
export function gatewayUnderBench(
  folder: string,
  port: number,
  upstreamPort: number,
  sessions = 'database',
): UnderBench {
  mkdirSync(folder, { recursive: true });
  const url = `http://127.0.0.1:${String(port)}`;
  const configFile = path.join(folder, 'bench.yaml');
  const policyFile = path.resolve(import.meta.dirname, '../../config/demo-mfa-policy.yaml');
  writeFileSync(
    configFile,
    `server: { listen: '127.0.0.1:${String(port)}', publicUrl: '${url}' }
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
  const added = spawnSync(
    process.execPath,
    [
      'src/main.ts',
      'user',
      'add',
      'bench',
      '--config',
      configFile,
      '--groups',
      'OPERATORS',
      '--password-stdin',
    ],
    { input: `${password}\n`, encoding: 'utf8' },
  );
  assert.equal(added.status, 0, added.stderr);
  return { url, configFile };
}

/**
 * Signs in and enrolls, and returns the `Cookie` header of the finished session. In a storm the
 * sign-in alone is what counts: password, session, redirect.
 */
export async function signedInCookie(
  under: Pick<UnderBench, 'url'> & { readonly isStorm?: boolean },
): Promise<string> {
  const client = new WebClient(under.url);
  const signIn = await client.open('/_mfa/sign-in');
  if (under.isStorm === true) {
    await client.post(signIn, { username: 'bench', password });
    return client.cookieHeader();
  }
  await client.submit(signIn, { username: 'bench', password });
  const enroll = await client.open('/_mfa/enroll/totp');
  const secret = textsMarked(enroll, 'data-totp-secret')[0]?.replaceAll(/\s/g, '') ?? '';
  const codes = await client.submit(enroll, { code: generateSync({ secret }) });
  await client.submit(codes, { stored: 'on' });
  return client.cookieHeader();
}
