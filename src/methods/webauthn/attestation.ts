/**
 * Which security key is this? Only the maker's attestation can tell (WebAuthn L3 §6.5, §8.2).
 *
 * The chain of certificates is followed here and not by the library, which fetches whatever
 * address a certificate names for its revocation list. Nothing in this gateway is fetched because
 * a stranger wrote it into a certificate.
 */

import { X509Certificate } from 'node:crypto';

import { decodeAttestationObject } from '@simplewebauthn/server/helpers';

import type { EpochMs } from '../../core/time.ts';

/** More certificates than any maker needs between a key and their root. */
const certificatesMax = 4;

/**
 * Says whether an attestation was made by hardware of a maker who is trusted: format `packed`, by
 * a certificate (not by the passkey itself), and a chain that leads to one of the roots. Whether
 * the certificate signed this response is for the library to check.
 */
export function isMadeByTrustedHardware(
  attestationObject: string,
  { roots, now }: { readonly roots: readonly string[]; readonly now: EpochMs },
): boolean {
  const decoded = decodeAttestationObject(
    new Uint8Array(Buffer.from(attestationObject, 'base64url')),
  );
  if (decoded.get('fmt') !== 'packed') return false;
  const x5c: unknown = decoded.get('attStmt').get('x5c');
  if (!Array.isArray(x5c) || x5c.length === 0 || x5c.length > certificatesMax) return false;
  if (!x5c.every((der) => der instanceof Uint8Array)) return false;
  const chain = x5c.map((der) => new X509Certificate(der));
  return leadsToRoot(
    chain,
    roots.map((pem) => new X509Certificate(pem)),
    now,
  );
}

// In the order of RFC 5280 §6.1: each is valid now and was signed by the next; who signs is a CA.
function leadsToRoot(
  chain: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  now: EpochMs,
): boolean {
  for (const [at, certificate] of chain.entries()) {
    if (!isValidAt(certificate, now)) return false;
    if (at > 0 && !certificate.ca) return false;
    if (roots.some((root) => root.raw.equals(certificate.raw))) return true;
    const next = chain[at + 1];
    if (next === undefined) {
      return roots.some((root) => isValidAt(root, now) && isSignedBy(certificate, root));
    }
    if (!isSignedBy(certificate, next)) return false;
  }
  return false;
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isValidAt(certificate: X509Certificate, now: EpochMs): boolean {
  return certificate.validFromDate.getTime() <= now && now <= certificate.validToDate.getTime();
}
