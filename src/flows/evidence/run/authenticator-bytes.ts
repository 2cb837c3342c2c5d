/**
 * What browsers and authenticators write (WebAuthn L3 §5.8.1, §6.1, §6.5), byte by byte: for an
 * authenticator in software, and for tests that turn over each of them.
 */

import { createHash, sign, type KeyObject } from 'node:crypto';

import { cborOf, type Cbor } from './cbor.ts';

/** What a browser says of a ceremony. */
export interface ClientData {
  readonly type: string;
  readonly challenge: unknown;
  readonly origin: string;
  readonly crossOrigin?: unknown;
  readonly topOrigin?: unknown;
}

/** The flags and the rest of authenticator data. */
export interface AuthenticatorData {
  readonly rpId: string;
  readonly isUserPresent?: boolean;
  readonly isUserVerified?: boolean;
  readonly isBackupEligible?: boolean;
  readonly isBackedUp?: boolean;
  readonly counter: number;
  /** Bits to set beside those flags, such as the reserved ones. */
  readonly moreFlags?: number;
  /** The new key (`attestedCredential`), where one was made. */
  readonly attested: Uint8Array | null;
  /** Bytes to add at the end. */
  readonly trailing?: Uint8Array;
}

/** The client data as the JSON that is signed over. */
export function clientDataJson(data: ClientData): Buffer {
  const { type, challenge, origin } = data;
  return Buffer.from(
    JSON.stringify({
      type,
      challenge,
      origin,
      crossOrigin: 'crossOrigin' in data ? data.crossOrigin : false,
      ...('topOrigin' in data ? { topOrigin: data.topOrigin } : {}),
    }),
  );
}

/** Authenticator data (WebAuthn L3 §6.1). Whoever is said to be present is so unless told not. */
export function authenticatorData(data: AuthenticatorData): Buffer {
  const flags =
    ((data.isUserPresent ?? true) ? 0x01 : 0) |
    ((data.isUserVerified ?? false) ? 0x04 : 0) |
    ((data.isBackupEligible ?? false) ? 0x08 : 0) |
    ((data.isBackedUp ?? false) ? 0x10 : 0) |
    (data.attested === null ? 0 : 0x40) |
    (data.moreFlags ?? 0);
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(data.counter);
  return Buffer.concat([
    sha256(Buffer.from(data.rpId)),
    Buffer.from([flags]),
    counter,
    data.attested ?? Buffer.alloc(0),
    data.trailing ?? Buffer.alloc(0),
  ]);
}

/** A new key as it stands in authenticator data (WebAuthn L3 §6.5.1). */
export function attestedCredential(of: {
  /** With or without hyphens; zeros where it is left out. */
  readonly aaguid?: string;
  readonly credentialId: Uint8Array;
  readonly publicKey: ReadonlyMap<Cbor, Cbor>;
}): Buffer {
  const idLength = Buffer.alloc(2);
  idLength.writeUInt16BE(of.credentialId.length);
  return Buffer.concat([
    Buffer.from((of.aaguid ?? '').replaceAll('-', '').padEnd(32, '0'), 'hex'),
    idLength,
    of.credentialId,
    cborOf(of.publicKey),
  ]);
}

/** A public key on P-256 in COSE (RFC 9053 §7.1.1). */
export function coseOfP256(publicKey: KeyObject, algorithm = -7): Map<Cbor, Cbor> {
  const { x, y } = publicKey.export({ format: 'jwk' });
  return new Map<Cbor, Cbor>([
    [1, 2],
    [3, algorithm],
    [-1, 1],
    [-2, Buffer.from(x ?? '', 'base64url')],
    [-3, Buffer.from(y ?? '', 'base64url')],
  ]);
}

/** What an authenticator hands over with a new key. */
export function attestationObject(
  format: string,
  attStmt: ReadonlyMap<Cbor, Cbor>,
  authData: Uint8Array,
): Buffer {
  return cborOf(
    new Map<Cbor, Cbor>([
      ['fmt', format],
      ['attStmt', attStmt],
      ['authData', authData],
    ]),
  );
}

/** What is signed in every ceremony. */
export function signedBytes(authData: Uint8Array, clientData: Uint8Array): Buffer {
  return Buffer.concat([authData, sha256(clientData)]);
}

/** Signs with a key: Ed25519 where the algorithm is -8, else over SHA-256. */
export function signatureOf(signed: Buffer, algorithm: number, key: KeyObject): Buffer {
  return sign(algorithm === -8 ? null : 'sha256', signed, key);
}

/** The JSON form of a `PublicKeyCredential`. */
export interface PostedResponse {
  readonly id: string;
  readonly rawId: string;
  readonly type: string;
  readonly response: Readonly<Record<string, unknown>>;
  readonly clientExtensionResults: Readonly<Record<string, unknown>>;
}

/** Puts a response into the form in which a browser posts it. */
export function postedResponse(id: string, response: PostedResponse['response']): PostedResponse {
  return { id, rawId: id, type: 'public-key', response, clientExtensionResults: {} };
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
