/**
 * What a browser hands us as the response of an authenticator, read strictly (WebAuthn L3 §5.1).
 *
 * Nothing in here is checked against anything; that is done in check-answer.ts and
 * check-enrollment.ts. But whatever passes is well formed: one spelling of each base64url text, so
 * that we and the library read the same bytes.
 */

import type { PasskeyClaims } from '../method.ts';

/** The parts of a response that is well formed. */
export interface ResponseParts {
  /** Of both ceremonies. */
  readonly id: string;
  readonly clientDataJSON: string;
  readonly clientData: ClientData;
  /** Of an enrollment; null in an answer. */
  readonly attestationObject: string | null;
  readonly transports: readonly string[];
  /** Of an answer; null in an enrollment. */
  readonly assertion: {
    readonly authenticatorData: string;
    readonly signature: string;
    readonly userHandle: string | null;
  } | null;
}

/** What the browser signed with the answer (WebAuthn L3 §5.8.1). */
export interface ClientData {
  readonly type: string;
  readonly challenge: string;
  readonly origin: string;
  /** In a frame of another site, or says anything but "no" to being in one. */
  readonly isCrossOrigin: boolean;
}

/** The transports that there are (WebAuthn L3 §5.8.4); browsers are sent these and no others. */
const knownTransports = ['usb', 'nfc', 'ble', 'smart-card', 'hybrid', 'internal'];

/** Longest credential id, in bytes (WebAuthn L3 §7.1 step 25). */
const credentialIdBytesMax = 1023;

const flagsAt = 32;
const userVerifiedFlag = 0x04;

/** Reads a response; null when any part of it is not what it must be. */
export function readResponse(text: string): ResponseParts | null {
  const given = parsed(text);
  const response = objectIn(given?.['response']);
  if (given === null || response === null || given['type'] !== 'public-key') return null;

  const id = base64urlIn(given['id']);
  const clientDataJSON = base64urlIn(response['clientDataJSON']);
  if (id === null || id !== given['rawId'] || clientDataJSON === null) return null;
  const idBytes = Buffer.from(id, 'base64url').length;
  if (idBytes === 0 || idBytes > credentialIdBytesMax) return null;
  const clientData = readClientData(clientDataJSON);
  if (clientData === null) return null;

  const common = { id, clientDataJSON, clientData };
  if (response['attestationObject'] === undefined) {
    const assertion = readAssertion(response);
    return assertion && { ...common, attestationObject: null, transports: [], assertion };
  }
  const attestationObject = base64urlIn(response['attestationObject']);
  if (attestationObject === null) return null;
  const transports = readTransports(response['transports']);
  return { ...common, attestationObject, transports, assertion: null };
}

/** What a response claims, for looking it up; null when it is not well formed. */
export function claimsOf(text: string): PasskeyClaims | null {
  const parts = readResponse(text);
  if (parts === null) return null;
  const { id, clientData, assertion } = parts;
  const data = assertion && Buffer.from(assertion.authenticatorData, 'base64url');
  return {
    credentialId: id,
    challenge: clientData.challenge,
    isUserVerified: ((data?.[flagsAt] ?? 0) & userVerifiedFlag) !== 0,
  };
}

function readAssertion(response: Readonly<Record<string, unknown>>): ResponseParts['assertion'] {
  const authenticatorData = base64urlIn(response['authenticatorData']);
  const signature = base64urlIn(response['signature']);
  if (authenticatorData === null || signature === null) return null;
  // Security keys that hold no passkey have none; browsers say so in three ways.
  const given = response['userHandle'] ?? '';
  if (given === '') return { authenticatorData, signature, userHandle: null };
  const userHandle = base64urlIn(given);
  return userHandle === null ? null : { authenticatorData, signature, userHandle };
}

function readClientData(clientDataJSON: string): ClientData | null {
  const bytes = Buffer.from(clientDataJSON, 'base64url');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
  const data = parsed(text);
  if (data === null) return null;
  const { type, challenge, origin, crossOrigin, topOrigin } = data;
  if (typeof type !== 'string' || typeof origin !== 'string') return null;
  if (typeof challenge !== 'string') return null;
  const isCrossOrigin =
    (crossOrigin !== undefined && crossOrigin !== false) || topOrigin !== undefined;
  return { type, challenge, origin, isCrossOrigin };
}

function readTransports(given: unknown): readonly string[] {
  if (!Array.isArray(given)) return [];
  return knownTransports.filter((transport) => given.includes(transport));
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return objectIn(JSON.parse(text));
  } catch {
    return null;
  }
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> | null {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Readonly<Record<string, unknown>>) : null;
}

function base64urlIn(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  return Buffer.from(value, 'base64url').toString('base64url') === value ? value : null;
}
