/** Which public keys passkeys may have (WebAuthn L3 §5.8.5, RFC 9053). */

import { decodeCredentialPublicKey } from '@simplewebauthn/server/helpers';

const eddsa = -8;
const es256 = -7;
const rs256 = -257;

/** COSE algorithms, the ones that we would rather have first. */
export const algorithms: readonly number[] = [eddsa, es256, rs256];

/** Labels of COSE_Key (RFC 9052 §7.1, RFC 9053 §7). */
const label = { kty: 1, alg: 3, crv: -1, x: -2, y: -3, n: -1 } as const;

/** An RSA key that is worth a signature (NIST SP 800-131A Rev. 2 §3), and one that is too much work. */
const rsaBytesMin = 256;
const rsaBytesMax = 1024;

/**
 * Says whether key type and curve are the ones that belong to the algorithm, which the library
 * leaves open: an algorithm names its curve, and points come uncompressed.
 */
export function isKeyThatWeTake(cose: Uint8Array): boolean {
  const key = decodeCredentialPublicKey(new Uint8Array(cose)) as unknown as Map<number, unknown>;
  const isLong = (part: number, bytes: number) => bytesOf(key.get(part)) === bytes;
  switch (key.get(label.alg)) {
    case eddsa:
      return key.get(label.kty) === 1 && key.get(label.crv) === 6 && isLong(label.x, 32);
    case es256:
      return (
        key.get(label.kty) === 2 &&
        key.get(label.crv) === 1 &&
        isLong(label.x, 32) &&
        isLong(label.y, 32)
      );
    case rs256: {
      const bytes = bytesOf(key.get(label.n));
      return key.get(label.kty) === 3 && bytes >= rsaBytesMin && bytes <= rsaBytesMax;
    }
    default:
      return false;
  }
}

function bytesOf(value: unknown): number {
  return value instanceof Uint8Array ? value.length : 0;
}

/**
 * The key of nobody: the base point of P-256. An answer of a passkey that we do not know is
 * checked against it, so that it takes as long as one that we know.
 */
export const decoyKey = Buffer.from(
  'a5010203262001215820' +
    '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
    '225820' +
    '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  'hex',
).toString('base64url');
