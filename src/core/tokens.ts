/**
 * Tokens: JWTs of ours that stand for a caller who is not a browser (RFC 9068).
 *
 * One kind never passes for another: each has its own media type and its own audience, and both
 * are compared. What proves something to an upstream (the assertion) is of yet another type.
 */

import { addSeconds, type EpochMs } from './time.ts';

/**
 * - `access`: what whoever holds it has proved, for the API and for routes that accept it.
 * - `mfa`: the password was right; good for one answer to the challenge.
 * - `enrollment`: something must be enrolled first; good for that alone.
 */
export const tokenKinds = ['access', 'mfa', 'enrollment'] as const;

/** What a token is good for. */
export type TokenKind = (typeof tokenKinds)[number];

/** The media type in the header (RFC 8725 §3.11; for access tokens RFC 9068 §2.1). */
export const tokenTypes: Readonly<Record<TokenKind, string>> = {
  access: 'at+jwt',
  mfa: 'sallyport-mfa+jwt',
  enrollment: 'sallyport-enrollment+jwt',
};

/** Below the portal's address: what each kind is for. */
const audiences: Readonly<Record<TokenKind, string>> = {
  access: '',
  mfa: '/api/v1/auth/mfa',
  enrollment: '/api/v1/mfa',
};

/** Whom a token is for. */
export function audienceOf(kind: TokenKind, portal: { readonly url: string }): string {
  return portal.url + audiences[kind];
}

/** What an access token may be used for: our API, and the routes behind the gateway. */
export type TokenScope = 'api' | 'routes';

/** How long a password that was right waits for its second factor. */
export const mfaTokenSeconds = 300;

/** How long somebody may take to enroll what they owe. */
export const enrollmentTokenSeconds = 900;

/** When a token ends: with its own life, or with that of the sign-in it came from. */
export function tokenEndsAt(
  issuedAt: EpochMs,
  lifetimeSeconds: number,
  signIn: { readonly createdAt: EpochMs; readonly absoluteSeconds: number },
): EpochMs {
  return Math.min(
    addSeconds(issuedAt, lifetimeSeconds),
    addSeconds(signIn.createdAt, signIn.absoluteSeconds),
  );
}

/** How our API keys begin. */
export const apiKeyPrefix = 'sp_';

/**
 * Says whether what a caller sent as bearer claims to come from us, true or not: a token whose
 * issuer is this portal, or an API key. Nothing is checked by it. What is not ours may be meant
 * for the upstream; what is ours never is.
 */
export function claimsToBeOurs(bearer: string, portal: { readonly url: string }): boolean {
  if (bearer.startsWith(apiKeyPrefix)) return true;
  const [, payload] = bearer.split('.', 3);
  if (payload === undefined) return false;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null && issuerOf(claims) === portal.url;
  } catch {
    return false;
  }
}

function issuerOf(claims: object): unknown {
  return 'iss' in claims ? claims.iss : undefined;
}

/**
 * What stands behind `Authorization: Bearer`, or null for any other scheme (RFC 6750 §2.1). The
 * name of the scheme has no letter case (RFC 9110 §11.1).
 */
export function bearerIn(authorization: string | undefined): string | null {
  return /^bearer +(?<token>[\w.~+/=-]+)$/i.exec(authorization ?? '')?.groups?.['token'] ?? null;
}
