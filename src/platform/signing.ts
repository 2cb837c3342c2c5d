/**
 * The only place that signs, and that checks what we signed. All of it is JWTs (RFC 7519) by ES256:
 * the assertion that goes to an upstream with each request, at most a minute long, and the tokens
 * of callers who are no browsers (core/tokens.ts).
 *
 * Checking follows RFC 8725: one algorithm, keys of ours by their name, the type compared, and
 * nothing believed that a header offers as a key.
 */

import {
  calculateJwkThumbprint,
  decodeProtectedHeader,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  jwtVerify,
  SignJWT,
} from 'jose';
import type { CryptoKey, JWK } from 'jose';

import { clockSkewSeconds } from '../core/assurance.ts';
import type { SessionKey, TenantId, UserId } from '../core/ids.ts';
import type { Proof } from '../core/proofs.ts';
import { signingKeyRow } from '../core/sealed-rows.ts';
import type { EpochMs } from '../core/time.ts';
import { audienceOf, type TokenKind, tokenTypes } from '../core/tokens.ts';
import type { Clock } from './clock.ts';
import { type Sealer, UnsealError } from './seal.ts';

/** Life of an assertion (contract section 5). */
export const assertionSeconds = 60;

/** Another instance may have made or rotated the keys: they are read again when this old. */
const keysFreshSeconds = 30;

const algorithm = 'ES256';

/** What an assertion says (contract section 5). */
export interface AssertionClaims {
  /** The portal's address. */
  readonly iss: string;
  /** The route's name. */
  readonly aud: string;
  readonly sub: string;
  readonly preferred_username: string;
  readonly name: string;
  readonly email?: string;
  readonly groups: readonly string[];
  readonly tenant: string;
  readonly tier: string;
  readonly acr: string;
  readonly amr: readonly string[];
  /** Seconds since the epoch. */
  readonly auth_time: number;
}

/** What a token says: who, and what a decision needs that looks the rest up anew. */
export interface TokenClaims {
  readonly sub: UserId;
  /** Names this token; in logs and audit events. */
  readonly jti: string;
  /** RFC 9068 §2.2: who was given it: our own sign-in, or an API key. */
  readonly client_id: string;
  readonly scope: string;
  readonly tenant: TenantId;
  readonly preferred_username: string;
  readonly name: string;
  readonly email?: string;
  readonly groups: readonly string[];
  readonly tier: string;
  readonly acr: string;
  readonly amr: readonly string[];
  /** Seconds since the epoch. */
  readonly auth_time: number;
  /** What we read again; to everybody else it says nothing. */
  readonly sallyport: TokenState;
}

/** The part of a token that stands for a session. */
export interface TokenState {
  /** One for each sign-in, handed on to every token that follows from it; revoked by it. */
  readonly lineage: SessionKey;
  readonly epoch: number;
  /** When the sign-in was. */
  readonly since: EpochMs;
  readonly proofs: readonly Proof[];
}

/** A token that holds, as far as its bytes say. Whether its person still counts they do not. */
export interface VerifiedToken {
  readonly kind: TokenKind;
  readonly claims: TokenClaims;
  readonly issuedAt: EpochMs;
  readonly expiresAt: EpochMs;
}

/** A key as it is stored (`SigningKeyRecord` in stores/types.ts). */
export interface StoredSigningKey {
  readonly kid: string;
  readonly sealedPrivateJwk: string;
  readonly publicJwk: string;
  readonly createdAt: EpochMs;
}

/** Keys as they are stored, newest first (`SigningKeyStore` in stores/types.ts). */
export interface SigningKeys {
  list(): Promise<readonly StoredSigningKey[]>;
  create(key: StoredSigningKey): Promise<void>;
}

/** Signs assertions and tokens, checks tokens, and publishes the keys that check them. */
export interface Signer {
  sign(claims: AssertionClaims): Promise<string>;
  signToken(
    kind: TokenKind,
    claims: TokenClaims,
    of: { readonly portal: { readonly url: string }; readonly expiresAt: EpochMs },
  ): Promise<string>;
  /**
   * What a token says when it is one of ours, of one of these kinds, and not over; else null. Of
   * clocks that differ it bears `clockSkewSeconds` at the beginning of a token's life and nothing
   * at its end.
   */
  verifyToken(
    jwt: string,
    asked: { readonly portal: { readonly url: string }; readonly kinds: readonly TokenKind[] },
  ): Promise<VerifiedToken | null>;
  /** The public keys (RFC 7517), newest first; older ones stay as long as they are stored. */
  jwks(): Promise<{ readonly keys: readonly JWK[] }>;
}

type Key = CryptoKey | Uint8Array;

interface ReadKeys {
  readonly kid: string;
  readonly privateKey: Key;
  readonly publicKeys: ReadonlyMap<string, Key>;
  readonly published: readonly JWK[];
  readonly readAt: EpochMs;
}

/** Makes a signer; the first key is made when there is none. */
export async function createSigner(deps: {
  readonly clock: Clock;
  readonly keys: SigningKeys;
  readonly sealer: Pick<Sealer, 'seal' | 'unseal'>;
}): Promise<Signer> {
  const { clock, keys, sealer } = deps;
  let ring = await readKeys(keys, sealer, clock.now());

  async function freshRing(now: EpochMs): Promise<ReadKeys> {
    if (Math.abs(now - ring.readAt) > keysFreshSeconds * 1000) {
      ring = await readKeys(keys, sealer, now);
    }
    return ring;
  }

  /** Another instance may have begun to sign with a key that we have not read yet. */
  async function publicKeyNamed(kid: string, now: EpochMs): Promise<Key | null> {
    const known = (await freshRing(now)).publicKeys.get(kid);
    if (known !== undefined) return known;
    if (Math.abs(now - ring.readAt) < unknownKeySeconds * 1000) return null;
    ring = await readKeys(keys, sealer, now);
    return ring.publicKeys.get(kid) ?? null;
  }

  return {
    async sign(claims) {
      const now = clock.now();
      const { kid, privateKey } = await freshRing(now);
      const issuedAt = Math.floor(now / 1000);
      return new SignJWT({ ...claims, iat: issuedAt, exp: issuedAt + assertionSeconds })
        .setProtectedHeader({ alg: algorithm, kid, typ: 'sallyport-assertion+jwt' })
        .sign(privateKey);
    },
    async signToken(kind, claims, { portal, expiresAt }) {
      const now = clock.now();
      const { kid, privateKey } = await freshRing(now);
      const issuedAt = Math.floor(now / 1000);
      return new SignJWT({
        ...claims,
        iss: portal.url,
        aud: audienceOf(kind, portal),
        iat: issuedAt,
        nbf: issuedAt,
        exp: Math.floor(expiresAt / 1000),
      })
        .setProtectedHeader({ alg: algorithm, kid, typ: tokenTypes[kind] })
        .sign(privateKey);
    },
    async verifyToken(jwt, { portal, kinds }) {
      const now = clock.now();
      const header = headerOf(jwt);
      const kind = kinds.find((one) => tokenTypes[one] === header?.typ);
      if (header === null || kind === undefined) return null;
      const key = await publicKeyNamed(header.kid, now);
      return key === null ? null : checked(jwt, key, { kind, portal, now });
    },
    async jwks() {
      return { keys: (await freshRing(clock.now())).published };
    },
  };
}

/** How often a name that no key of ours has may make us read them again. */
const unknownKeySeconds = 1;

/** The longest token that is looked at; groups and proofs of anybody fit into half of it. */
const tokenCharactersMax = 12_000;

/**
 * The header of a JWT when it has what ours have, and nothing else.
 *
 * Security: `jwk`, `jku`, `x5c` and `x5u` would have us check a token with a key that it brings
 * along, `crit` asks for what we do not do (RFC 8725 §3.10).
 */
function headerOf(jwt: string): { readonly kid: string; readonly typ: string } | null {
  if (jwt.length > tokenCharactersMax) return null;
  try {
    const { alg, kid, typ, ...others } = decodeProtectedHeader(jwt);
    const isOurs =
      alg === algorithm &&
      typeof kid === 'string' &&
      typeof typ === 'string' &&
      Object.keys(others).length === 0;
    return isOurs ? { kid, typ } : null;
  } catch {
    return null;
  }
}

async function checked(
  jwt: string,
  key: Key,
  asked: {
    readonly kind: TokenKind;
    readonly portal: { readonly url: string };
    readonly now: EpochMs;
  },
): Promise<VerifiedToken | null> {
  const { kind, portal, now } = asked;
  try {
    const { payload } = await jwtVerify<TokenClaims>(jwt, key, {
      algorithms: [algorithm],
      typ: tokenTypes[kind],
      issuer: portal.url,
      audience: audienceOf(kind, portal),
      currentDate: new Date(now),
      clockTolerance: clockSkewSeconds,
      requiredClaims: ['sub', 'jti', 'iat', 'nbf', 'exp', 'sallyport'],
    });
    const { iat = Infinity, exp = 0 } = payload;
    const [issuedAt, expiresAt] = [iat * 1000, exp * 1000];
    // The tolerance is for clocks that lag when a token is new; an end is an end.
    if (now >= expiresAt || issuedAt > now + clockSkewSeconds * 1000) return null;
    return { kind, claims: payload, issuedAt, expiresAt };
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}

async function readKeys(
  keys: SigningKeys,
  sealer: Pick<Sealer, 'seal' | 'unseal'>,
  now: EpochMs,
): Promise<ReadKeys> {
  let records = await keys.list();
  if (records.length === 0) {
    await keys.create(await makeSigningKey(sealer, now));
    // Of two instances that start together both make a key; both then use the newer one.
    records = await keys.list();
  }
  const { kid, privateJwk } = signingKeyOf(records, sealer, now);
  const published = records
    .filter((record) => isOurs(record, sealer))
    .map((record) => JSON.parse(record.publicJwk) as JWK);
  const publicKeys = published.map(
    async (jwk) => [String(jwk.kid), await importJWK(jwk, algorithm)] as const,
  );
  return {
    kid,
    privateKey: await importJWK(privateJwk, algorithm),
    publicKeys: new Map(await Promise.all(publicKeys)),
    published,
    readAt: now,
  };
}

/**
 * Says whether the public part is that of a private one which we sealed.
 *
 * Security: whoever can write the database could put a public key of their own beside ours, and
 * everybody would believe what they sign. One that was sealed under a key that has not come to this
 * machine yet is left out until it has.
 */
function isOurs(
  { kid, sealedPrivateJwk, publicJwk }: StoredSigningKey,
  sealer: Pick<Sealer, 'unseal'>,
): boolean {
  try {
    const opened = sealer.unseal(sealedPrivateJwk, signingKeyRow(kid)).toString();
    const [own, shown] = [JSON.parse(opened) as JWK, JSON.parse(publicJwk) as JWK];
    return shown.kid === kid && shown.kty === own.kty && shown.x === own.x && shown.y === own.y;
  } catch (error) {
    if (error instanceof UnsealError || error instanceof SyntaxError) return false;
    throw error;
  }
}

/** A key is published this long before it signs, so that whoever checks knows it by then. */
const publishedFirstSeconds = 60;

/**
 * The key that signs: the newest that was published long enough. Of keys that are all new it is the
 * oldest, which others have had the longest. One that was sealed under a key that has not come to
 * this machine yet is passed over.
 */
function signingKeyOf(
  records: readonly StoredSigningKey[],
  sealer: Pick<Sealer, 'unseal'>,
  now: EpochMs,
): { readonly kid: string; readonly privateJwk: JWK } {
  const isKnown = ({ createdAt }: StoredSigningKey): boolean =>
    createdAt <= now - publishedFirstSeconds * 1000;
  const known = records.filter(isKnown);
  const fresh = records.filter((record) => !isKnown(record)).toReversed();
  let failure: unknown = new Error('the signing key that was just stored is not there');
  for (const { kid, sealedPrivateJwk } of [...known, ...fresh]) {
    try {
      const opened = sealer.unseal(sealedPrivateJwk, signingKeyRow(kid));
      return { kid, privateJwk: JSON.parse(opened.toString()) as JWK };
    } catch (error) {
      if (!(error instanceof UnsealError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

/** Makes a key, its private part sealed, ready to be stored. */
export async function makeSigningKey(
  sealer: Pick<Sealer, 'seal'>,
  now: EpochMs,
): Promise<StoredSigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const publicJwk = await exportJWK(publicKey);
  // RFC 7638: the name follows from the key, so that no two keys ever share one.
  const kid = await calculateJwkThumbprint(publicJwk, 'sha256');
  return {
    kid,
    sealedPrivateJwk: sealer.seal(JSON.stringify(await exportJWK(privateKey)), signingKeyRow(kid)),
    publicJwk: JSON.stringify({ ...publicJwk, kid, alg: algorithm, use: 'sig' }),
    createdAt: now,
  };
}
