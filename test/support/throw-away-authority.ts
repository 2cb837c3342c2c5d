/** A certificate authority of one test, and certificates that it made. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { run } from './run.ts';

/** A certificate with its key, as PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority that nobody but the test believes. */
export interface TestAuthority {
  readonly cert: string;
  /** The path of the file that `cert` is in. */
  readonly file: string;
  /** Certifies hosts: `DNS:localhost`, `IP:127.0.0.1`. */
  certify(names: readonly string[]): Promise<TestCertificate>;
}

const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'.split(' ');

/** Makes an authority in a folder of the test. */
export async function makeAuthority(folder: string, name = 'ca'): Promise<TestAuthority> {
  const file = (ending: string): string => path.join(folder, `${name}.${ending}`);
  const subject = ['-subj', `/CN=Test Authority ${name}`, '-days', '2'];
  await openssl([
    'req',
    '-x509',
    ...newKey,
    ...subject,
    '-keyout',
    file('key'),
    '-out',
    file('pem'),
  ]);
  let certified = 0;
  return {
    cert: readFileSync(file('pem'), 'utf8'),
    file: file('pem'),
    async certify(names) {
      certified += 1;
      const leaf = (ending: string): string => file(`${String(certified)}.${ending}`);
      writeFileSync(leaf('ext'), `subjectAltName=${names.join(',')}\n`);
      const request = ['-subj', '/CN=collector', '-keyout', leaf('key'), '-out', leaf('csr')];
      await openssl(['req', '-new', ...newKey, ...request]);
      const signedBy = ['-CA', file('pem'), '-CAkey', file('key'), '-CAcreateserial'];
      const files = ['-in', leaf('csr'), '-extfile', leaf('ext'), '-out', leaf('pem')];
      await openssl(['x509', '-req', ...files, ...signedBy, '-days', '2']);
      return { cert: readFileSync(leaf('pem'), 'utf8'), key: readFileSync(leaf('key'), 'utf8') };
    },
  };
}

async function openssl(args: readonly string[]): Promise<void> {
  const made = await run('openssl', args);
  assert.equal(made.code, 0, made.stderr);
}
