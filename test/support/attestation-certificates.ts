/** Makers of security keys: certificates for attestations (WebAuthn L3 §8.2.1), written by hand. */

import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** Who signs an attestation, and the certificates that say so: leaf first, without the root. */
export interface AttestationSigner {
  readonly privateKey: KeyObject;
  readonly chain: readonly Uint8Array[];
}

/** A certificate with the key that it is for. */
export interface Certified {
  readonly der: Buffer;
  readonly pem: string;
  readonly privateKey: KeyObject;
  readonly name: Buffer;
}

/** What may be otherwise in a certificate. */
export interface CertificateKnobs {
  readonly commonName?: string;
  readonly isAuthority?: boolean;
  /** `YYMMDDhhmmssZ`. */
  readonly validFrom?: string;
  readonly validTo?: string;
  /** The model that the certificate is for. */
  readonly aaguid?: string;
  /** Where its revocation list is said to be. */
  readonly revocationList?: string;
}

/** A maker's root certificate. */
export function aRoot(knobs: CertificateKnobs = {}): Certified {
  return aCertificate(null, { commonName: 'Maker Root', isAuthority: true, ...knobs });
}

/** A certificate signed by another, or by itself. */
export function aCertificate(issuer: Certified | null, knobs: CertificateKnobs = {}): Certified {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = nameOf(knobs.commonName ?? 'Key Batch 1');
  const body = sequence(
    context(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    issuer?.name ?? name,
    sequence(time(knobs.validFrom ?? '200101000000Z'), time(knobs.validTo ?? '491231235959Z')),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
    context(3, sequence(...extensionsOf(knobs))),
  );
  const signature = sign('sha256', body, issuer?.privateKey ?? privateKey);
  const der = sequence(body, ecdsaWithSha256, bitString(signature));
  const pem = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
  return { der, pem, privateKey, name };
}

/** An attestation by the key of a certificate. */
export function signerOf(leaf: Certified, ...others: readonly Certified[]): AttestationSigner {
  return { privateKey: leaf.privateKey, chain: [leaf, ...others].map(({ der }) => der) };
}

function extensionsOf(knobs: CertificateKnobs): readonly Buffer[] {
  const isAuthority = knobs.isAuthority ?? false;
  const extensions = [
    extension('551d13', sequence(...(isAuthority ? [tagged(0x01, Buffer.from([0xff]))] : []))),
  ];
  if (knobs.aaguid !== undefined) {
    const model = Buffer.from(knobs.aaguid.replaceAll('-', ''), 'hex');
    extensions.push(extension('2b0601040182e51c010104', tagged(0x04, model)));
  }
  if (knobs.revocationList !== undefined) {
    const address = tagged(0x86, Buffer.from(knobs.revocationList));
    extensions.push(extension('551d1f', sequence(sequence(context(0, context(0, address))))));
  }
  return extensions;
}

const ecdsaWithSha256 = sequence(tagged(0x06, Buffer.from('2a8648ce3d040302', 'hex')));

function nameOf(commonName: string): Buffer {
  const part = (oid: string, text: string) =>
    tagged(0x31, sequence(tagged(0x06, Buffer.from(oid, 'hex')), tagged(0x0c, Buffer.from(text))));
  return sequence(
    part('550406', 'ZA'),
    part('55040a', 'Maker'),
    part('55040b', 'Authenticator Attestation'),
    part('550403', commonName),
  );
}

function extension(oid: string, value: Buffer): Buffer {
  return sequence(tagged(0x06, Buffer.from(oid, 'hex')), tagged(0x04, value));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function context(number: number, value: Buffer): Buffer {
  return tagged(0xa0 | number, value);
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function bitString(bytes: Buffer): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

function time(text: string): Buffer {
  return tagged(0x17, Buffer.from(text));
}

function tagged(tag: number, value: Buffer): Buffer {
  const { length } = value;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), value]);
  if (length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, length]), value]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), value]);
}
