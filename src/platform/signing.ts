/**
 * The assertion that goes to an upstream with each request: a JWT (RFC 7519), ES256, at most a
 * minute long, that says who asks and how surely we know. The only place that signs.
 */

import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import type { CryptoKey, JWK } from 'jose';

import type { EpochMs } from '../core/time.ts';
import type { Clock } from './clock.ts';
import type { Sealer } from './seal.ts';

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
  sign(claims: AssertionClaims): Promise<string>;
  /** The public keys (RFC 7517), newest first; older ones stay as long as they are stored. */
  jwks(): Promise<{ readonly keys: readonly JWK[] }>;
}

interface KeyRing {
  readonly kid: string;
  readonly privateKey: CryptoKey | Uint8Array;
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

  async function freshRing(now: EpochMs): Promise<KeyRing> {
    if (Math.abs(now - ring.readAt) > keysFreshSeconds * 1000) {
      ring = await readKeys(keys, sealer, now);
    }
    return ring;
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
    kid: newest.kid,
    privateKey: await importJWK(privateJwk, algorithm),
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
