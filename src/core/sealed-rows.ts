/**
 * The names under which sealed texts are bound to their rows: what is sealed for one row opens in no
 * other. They are part of what is stored; changing one makes what was sealed under it worthless.
 */

import type { AuthenticatorId, ChallengeId, UserId } from './ids.ts';

/** Every place where something sealed is stored. */
export const sealedPlaces = [
  'signing-keys',
  'authenticators',
  'challenges',
  'idempotency',
  'outbox',
] as const;

/** One place where something sealed is stored. */
export type SealedPlace = (typeof sealedPlaces)[number];

/** The secret of an authenticator app. */
export function totpRow(user: UserId, authenticator: AuthenticatorId): string {
  return `authenticators:${user}:${authenticator}:totp`;
}

/** The public key of a passkey. */
export function passkeyRow(user: UserId, authenticator: AuthenticatorId): string {
  return `authenticators:${user}:${authenticator}:webauthn`;
}

/** What waits in a challenge. */
export function challengeRow(user: UserId, id: ChallengeId, kind: string): string {
  return `challenges:${user}:${id}:${kind}`;
}

/** A link in a mail that waits to be sent. */
export function mailedLinkRow(user: UserId, mailKind: string): string {
  return `outbox:${user}:${mailKind}:link`;
}

/** What a request that may come twice was answered. */
export function idempotencyRow(key: string): string {
  return `idempotency:${key}`;
}

/** The private part of a signing key. */
export function signingKeyRow(kid: string): string {
  return `signing-keys:${kid}`;
}
