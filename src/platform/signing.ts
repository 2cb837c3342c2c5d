/**
 * The assertion that goes to an upstream with each request: a JWT (RFC 7519), ES256, at most a
 * minute long, that says who asks and how surely we know. The only place that signs.
 *
 * Signing costs more than passing a request on, so one assertion serves a session on one route for
 * half its life. Whatever stands in it is compared before it is used again.
 */

import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import type { CryptoKey, JWK } from 'jose';

import type { EpochMs } from '../core/time.ts';
import type { Clock } from './clock.ts';
import type { Sealer } from './seal.ts';

/** Longest life of an assertion (contract section 5). */
export const assertionSeconds = 60;

/** An assertion is used again this long; the upstream's clock may lag or lead by the rest. */
const reuseSeconds = 30;

/** Sessions come and go; what was not asked for lately is signed anew. */
const assertionsKept = 10_000;

/** Another instance may have rotated the keys: they are read again when this old. */
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
  readonly email: string | null;
  readonly groups: readonly string[];
  readonly tenant: string;
  readonly tier: string;
  readonly acr: string;
  readonly amr: readonly string[];
  /** Seconds since the epoch. */
  readonly auth_time: number;
}

/** Keys as they are stored, newest first (`SigningKeyStore` in stores/types.ts). */
export interface SigningKeys {
  list(): Promise<
    readonly {
      readonly kid: string;
      readonly sealedPrivateJwk: string;
      readonly publicJwk: string;
    }[]
  >;
  create(key: {
    readonly kid: string;
    readonly sealedPrivateJwk: string;
    readonly publicJwk: string;
    readonly createdAt: EpochMs;
  }): Promise<void>;
}

/** Signs assertions and publishes the keys that check them. */
export interface Signer {
  /**
   * The assertion for one session on one route: a new one, or the one from less than half a
   * minute ago if it would say the same. `cacheKey` names session and route.
   */
  assertion(cacheKey: string, claims: AssertionClaims): string | Promise<string>;
  /** The public keys (RFC 7517), newest first; older ones stay while they are stored. */
  jwks(): Promise<{ readonly keys: readonly JWK[] }>;
}

interface SigningKey {
  readonly kid: string;
  readonly key: CryptoKey | Uint8Array;
}

interface KeyRing {
  readonly newest: SigningKey;
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
  const signed = new Map<string, { text: string; claims: AssertionClaims; at: EpochMs }>();
  let ring = await readKeys(keys, sealer, clock.now());

  async function freshRing(now: EpochMs): Promise<KeyRing> {
    if (Math.abs(now - ring.readAt) > keysFreshSeconds * 1000) {
      ring = await readKeys(keys, sealer, now);
    }
    return ring;
  }

  async function sign(cacheKey: string, claims: AssertionClaims, now: EpochMs): Promise<string> {
    const { newest } = await freshRing(now);
    const issuedAt = Math.floor(now / 1000);
    const { email, ...rest } = claims;
    const text = await new SignJWT({
      ...rest,
      ...(email !== null && { email }),
      iat: issuedAt,
      exp: issuedAt + assertionSeconds,
    })
      .setProtectedHeader({ alg: algorithm, kid: newest.kid, typ: 'sallyport-assertion+jwt' })
      .sign(newest.key);
    signed.delete(cacheKey);
    signed.set(cacheKey, { text, claims, at: now });
    if (signed.size > assertionsKept) signed.delete(signed.keys().next().value ?? '');
    return text;
  }

  return {
    assertion(cacheKey, claims) {
      const now = clock.now();
      const known = signed.get(cacheKey);
      // A clock that went back must not stretch the life of what was signed before.
      const isFresh =
        known !== undefined && now >= known.at && now - known.at < reuseSeconds * 1000;
      return isFresh && saysTheSame(known.claims, claims)
        ? known.text
        : sign(cacheKey, claims, now);
    },
    async jwks() {
      return { keys: (await freshRing(clock.now())).published };
    },
  };
}

async function readKeys(
  keys: SigningKeys,
  sealer: Pick<Sealer, 'seal' | 'unseal'>,
  now: EpochMs,
): Promise<KeyRing> {
  let records = await keys.list();
  if (records.length === 0) {
    await keys.create(await makeKey(sealer, now));
    // Of two instances that start together both make a key; both then use the newer one.
    records = await keys.list();
  }
  const newest = records[0];
  if (newest === undefined) throw new Error('the signing key that was just stored is not there');
  const privateJwk = JSON.parse(
    sealer.unseal(newest.sealedPrivateJwk, associatedData(newest.kid)).toString(),
  ) as JWK;
  return {
    newest: { kid: newest.kid, key: await importJWK(privateJwk, algorithm) },
    published: records.map((record) => JSON.parse(record.publicJwk) as JWK),
    readAt: now,
  };
}

async function makeKey(sealer: Pick<Sealer, 'seal'>, now: EpochMs) {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const publicJwk = await exportJWK(publicKey);
  // RFC 7638: the name follows from the key, so that no two keys ever share one.
  const kid = await calculateJwkThumbprint(publicJwk, 'sha256');
  return {
    kid,
    sealedPrivateJwk: sealer.seal(JSON.stringify(await exportJWK(privateKey)), associatedData(kid)),
    publicJwk: JSON.stringify({ ...publicJwk, kid, alg: algorithm, use: 'sig' }),
    createdAt: now,
  };
}

function associatedData(kid: string): string {
  return `signing-keys:${kid}`;
}

/** Security: the cache is keyed by every input; a changed group must not find an old assertion. */
function saysTheSame(a: AssertionClaims, b: AssertionClaims): boolean {
  return (
    a.iss === b.iss &&
    a.aud === b.aud &&
    a.sub === b.sub &&
    a.preferred_username === b.preferred_username &&
    a.name === b.name &&
    a.email === b.email &&
    a.tenant === b.tenant &&
    a.tier === b.tier &&
    a.acr === b.acr &&
    a.auth_time === b.auth_time &&
    sameItems(a.amr, b.amr) &&
    sameItems(a.groups, b.groups)
  );
}

function sameItems(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
