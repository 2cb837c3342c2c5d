/**
 * A passkey in software, of a device that verifies the person and synchronises nothing: it answers
 * the options that our flows make with the JSON that a browser would post. Its key lives in this
 * process's memory and goes with it.
 */

import { generateKeyPairSync, type KeyObject } from 'node:crypto';

import type { PasskeyOptions } from '../../../methods/method.ts';
import type { Random } from '../../../platform/random.ts';
import {
  attestationObject,
  attestedCredential,
  authenticatorData,
  clientDataJson,
  coseOfP256,
  postedResponse,
  signatureOf,
  signedBytes,
} from './authenticator-bytes.ts';

/** What may be otherwise in one answer. */
export interface Turned {
  /** The origin of the page that the browser says it shows. */
  readonly origin?: string;
  /** The key that signs; another one stands for a forgery. */
  readonly privateKey?: KeyObject;
  readonly counter?: number;
}

/** A passkey that was made once and answers from then on. */
export interface SoftPasskey {
  readonly privateKey: KeyObject;
  /** Answers `navigator.credentials.get`. */
  get(options: PasskeyOptions, turned?: Turned): string;
}

/** Answers `navigator.credentials.create`: the passkey, and what is posted. */
export function createSoftPasskey(
  options: PasskeyOptions,
  { origin, random }: { readonly origin: string; readonly random: Random },
): { readonly passkey: SoftPasskey; readonly posted: string } {
  const { rp, user, challenge } = options as unknown as CreationOptions;
  const { publicKey, privateKey } = newKey();
  const credentialId = random.bytes(32);
  const id = credentialId.toString('base64url');
  let counter = 0;

  const authData = authenticatorData({
    rpId: rp.id,
    isUserVerified: true,
    counter,
    attested: attestedCredential({ credentialId, publicKey: coseOfP256(publicKey) }),
  });
  const posted = postedResponse(id, {
    clientDataJSON: clientDataJson({ type: 'webauthn.create', challenge, origin }).toString(
      'base64url',
    ),
    attestationObject: attestationObject('none', new Map(), authData).toString('base64url'),
    transports: ['internal'],
  });

  const get = (asked: PasskeyOptions, turned: Turned = {}): string => {
    counter += 1;
    const data = authenticatorData({
      rpId: rp.id,
      isUserVerified: true,
      counter: turned.counter ?? counter,
      attested: null,
    });
    const clientData = clientDataJson({
      type: 'webauthn.get',
      challenge: asked['challenge'],
      origin: turned.origin ?? origin,
    });
    const signed = signedBytes(data, clientData);
    const response = postedResponse(id, {
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: signatureOf(signed, -7, turned.privateKey ?? privateKey).toString('base64url'),
      userHandle: user.id,
    });
    return JSON.stringify(response);
  };
  return { passkey: { privateKey, get }, posted: JSON.stringify(posted) };
}

/** A key that belongs to nobody, to forge a signature with. */
export function anotherKey(): KeyObject {
  return newKey().privateKey;
}

interface CreationOptions {
  readonly rp: { readonly id: string };
  /** Base64url. */
  readonly user: { readonly id: string };
  readonly challenge: string;
}

function newKey(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}
