/**
 * An authenticator in software, with a knob for everything that a real one, its browser, or an
 * attacker could do otherwise (WebAuthn L3 §6).
 *
 * It answers the options that our flows make with the JSON that a browser would post.
 */

import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';

import {
  attestationObject,
  attestedCredential,
  authenticatorData,
  clientDataJson,
  coseOfP256,
  postedResponse,
  signatureOf,
  signedBytes,
  type PostedResponse,
} from '../../src/flows/evidence/run/authenticator-bytes.ts';
import type { Cbor } from '../../src/flows/evidence/run/cbor.ts';
import type { PasskeyOptions } from '../../src/methods/method.ts';
import type { AttestationSigner } from './attestation-certificates.ts';

/** The origin of the portal of `aConfig()`. */
const homeOrigin = 'https://console.example.com';

/** What may be otherwise in one ceremony. */
export interface Knobs {
  // What the browser says.
  readonly type?: string;
  readonly challenge?: string;
  readonly origin?: string;
  readonly crossOrigin?: unknown;
  readonly topOrigin?: unknown;
  // What the authenticator says.
  readonly rpId?: string;
  readonly isUserPresent?: boolean;
  readonly isUserVerified?: boolean;
  readonly isBackupEligible?: boolean;
  readonly isBackedUp?: boolean;
  readonly counter?: number;
  /** Bits to set beside those flags, such as the reserved ones. */
  readonly moreFlags?: number;
  /** Bytes to add after the authenticator data. */
  readonly trailing?: Uint8Array;
  /** Null: none, as security keys do that store nothing. */
  readonly userHandle?: string | null;
  /** The key that signs; another one stands for a forgery. */
  readonly privateKey?: KeyObject;
  /** Changes the bytes of the signature. */
  readonly signature?: (made: Buffer) => Buffer;
  /** Changes what is posted. */
  readonly posted?: (response: PostedResponse) => unknown;
}

/** What may be otherwise when a passkey is made. */
export interface CreateKnobs extends Knobs {
  readonly credentialId?: Buffer;
  /** COSE: -8, -7 or -257; others are claimed of a key of P-256. */
  readonly algorithm?: number;
  readonly aaguid?: string;
  readonly transports?: readonly string[];
  readonly attestation?: 'none' | 'self' | AttestationSigner;
  /** The statement as it is, with any format. */
  readonly statement?: { readonly format: string; readonly attStmt: ReadonlyMap<Cbor, Cbor> };
  /** Changes the COSE key before it is written. */
  readonly publicKey?: (cose: Map<Cbor, Cbor>) => Map<Cbor, Cbor>;
}

/** A key that was made once and answers from then on. */
export interface SoftPasskey {
  readonly credentialId: string;
  readonly algorithm: number;
  readonly privateKey: KeyObject;
  /** Base64url; what the relying party named the person. */
  readonly userHandle: string;
  readonly rpId: string;
  /** The counter that the next answer will show; stays 0 where the authenticator keeps none. */
  counter: number;
  /** Answers `navigator.credentials.get`. */
  get(options: PasskeyOptions, knobs?: Knobs): string;
}

/** How an authenticator is built: what it does unless a knob says otherwise. */
export type Build = Pick<
  Knobs,
  'origin' | 'isUserVerified' | 'isBackupEligible' | 'isBackedUp' | 'userHandle'
> &
  Pick<CreateKnobs, 'aaguid' | 'transports' | 'attestation' | 'algorithm'> & {
    /** Counts its answers, as security keys do; synchronised passkeys say 0. */
    readonly counts?: boolean;
  };

/** A phone or laptop whose passkeys are synchronised: verifies the person, counts nothing. */
export const platformBuild: Build = {
  isUserVerified: true,
  isBackupEligible: true,
  isBackedUp: true,
  transports: ['internal', 'hybrid'],
};

/** A security key that is only touched, counts, and keeps nothing but its own key. */
export const touchKeyBuild: Build = {
  isUserVerified: false,
  userHandle: null,
  counts: true,
  transports: ['usb'],
};

/** Answers `navigator.credentials.create`: the passkey, and what is posted. */
export function createPasskey(
  options: PasskeyOptions,
  build: Build = platformBuild,
  knobs: CreateKnobs = {},
): { readonly passkey: SoftPasskey; readonly posted: string } {
  const all = { ...build, ...knobs };
  const { rp, user } = options as unknown as CreationOptions;
  const algorithm = all.algorithm ?? -7;
  const { publicKey, privateKey } = newKey(algorithm);
  const credentialId = all.credentialId ?? randomBytes(32);
  const cose = coseOf(publicKey, algorithm);

  const counter = all.counter ?? 0;
  const authData = authenticatorData({
    rpId: rp.id,
    ...all,
    counter,
    attested: attestedCredential({
      ...(all.aaguid === undefined ? {} : { aaguid: all.aaguid }),
      credentialId,
      publicKey: all.publicKey === undefined ? cose : all.publicKey(cose),
    }),
  });
  const clientData = clientDataOf('webauthn.create', options, all);
  const signed = signedBytes(authData, clientData);
  const { format, attStmt } =
    all.statement ??
    statementOf(all.attestation ?? 'none', signed, { algorithm, privateKey, knobs: all });

  const id = credentialId.toString('base64url');
  const passkey: SoftPasskey = {
    credentialId: id,
    algorithm,
    privateKey,
    userHandle: user.id,
    rpId: rp.id,
    counter: build.counts === true ? counter + 1 : 0,
    get: (asked, turned = {}) => answer(passkey, asked, { ...build, ...turned }, build),
  };
  const posted = post(id, all, {
    clientDataJSON: clientData.toString('base64url'),
    attestationObject: attestationObject(format, attStmt, authData).toString('base64url'),
    transports: all.transports ?? [],
  });
  return { passkey, posted };
}

interface CreationOptions {
  readonly rp: { readonly id: string };
  readonly user: { readonly id: string };
}

function answer(passkey: SoftPasskey, options: PasskeyOptions, knobs: Knobs, build: Build): string {
  const { counter } = passkey;
  if (build.counts === true) passkey.counter += 1;
  const authData = authenticatorData({
    rpId: passkey.rpId,
    ...knobs,
    counter: knobs.counter ?? counter,
    attested: null,
  });
  const clientData = clientDataOf('webauthn.get', options, knobs);
  const signed = signedBytes(authData, clientData);
  const made = signatureOf(signed, passkey.algorithm, knobs.privateKey ?? passkey.privateKey);
  const userHandle = knobs.userHandle === undefined ? passkey.userHandle : knobs.userHandle;
  return post(passkey.credentialId, knobs, {
    clientDataJSON: clientData.toString('base64url'),
    authenticatorData: authData.toString('base64url'),
    signature: (knobs.signature?.(made) ?? made).toString('base64url'),
    ...(userHandle === null ? {} : { userHandle }),
  });
}

function post(id: string, knobs: Knobs, response: PostedResponse['response']): string {
  const made = postedResponse(id, response);
  return JSON.stringify(knobs.posted?.(made) ?? made);
}

function clientDataOf(type: string, options: PasskeyOptions, knobs: Knobs): Buffer {
  return clientDataJson({
    type: knobs.type ?? type,
    challenge: knobs.challenge ?? options['challenge'],
    origin: knobs.origin ?? homeOrigin,
    ...('crossOrigin' in knobs ? { crossOrigin: knobs.crossOrigin } : {}),
    ...('topOrigin' in knobs ? { topOrigin: knobs.topOrigin } : {}),
  });
}

function statementOf(
  attestation: 'none' | 'self' | AttestationSigner,
  signed: Buffer,
  by: { readonly algorithm: number; readonly privateKey: KeyObject; readonly knobs: Knobs },
): { readonly format: string; readonly attStmt: ReadonlyMap<Cbor, Cbor> } {
  if (attestation === 'none') return { format: 'none', attStmt: new Map() };
  const { algorithm, privateKey, knobs } = by;
  const isSelf = attestation === 'self';
  const made = isSelf
    ? signatureOf(signed, algorithm, knobs.privateKey ?? privateKey)
    : signatureOf(signed, -7, knobs.privateKey ?? attestation.privateKey);
  const attStmt = new Map<Cbor, Cbor>([
    ['alg', isSelf ? algorithm : -7],
    ['sig', knobs.signature?.(made) ?? made],
  ]);
  if (!isSelf) attStmt.set('x5c', attestation.chain);
  return { format: 'packed', attStmt };
}

function newKey(algorithm: number): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === -8) return generateKeyPairSync('ed25519');
  if (algorithm === -257) return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function coseOf(publicKey: KeyObject, algorithm: number): Map<Cbor, Cbor> {
  const jwk = publicKey.export({ format: 'jwk' });
  if (jwk.kty === 'OKP') {
    return new Map<Cbor, Cbor>([
      [1, 1],
      [3, algorithm],
      [-1, 6],
      [-2, bytesOf(jwk.x)],
    ]);
  }
  if (jwk.kty === 'RSA') {
    return new Map<Cbor, Cbor>([
      [1, 3],
      [3, algorithm],
      [-1, bytesOf(jwk.n)],
      [-2, bytesOf(jwk.e)],
    ]);
  }
  return coseOfP256(publicKey, algorithm);
}

function bytesOf(base64url: string | undefined): Buffer {
  return Buffer.from(base64url ?? '', 'base64url');
}
