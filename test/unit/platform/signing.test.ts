/** Assertions: what they say, who can check them, how long they hold. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { defaultTenant, type SessionKey, type UserId } from '../../../src/core/ids.ts';
import { createSealer } from '../../../src/platform/seal.ts';
import {
  type AssertionClaims,
  createSigner,
  makeSigningKey,
  type Signer,
  type SigningKeys,
  type TokenClaims,
} from '../../../src/platform/signing.ts';
import { fixedClock, NOON } from '../../support/fixed-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const claims: AssertionClaims = {
  iss: 'https://console.example.com/_mfa',
  aud: 'admin-console',
  sub: 'usr_anna',
  preferred_username: 'anna',
  name: 'Anna Example',
  groups: ['SEC-OPS'],
  tenant: 'default',
  tier: 'TIER1',
  acr: 'aal2',
  amr: ['mfa', 'otp', 'pwd'],
  auth_time: NOON / 1000,
};

type StoredKey = Parameters<SigningKeys['create']>[0];

function keysInMemory(records: StoredKey[] = []): SigningKeys & { readonly records: StoredKey[] } {
  return {
    records,
    list: async () => [...records],
    create: async (key) => void records.unshift(key),
  };
}

const sealer = createSealer([Buffer.from('0123456789abcdef0123456789abcdef')], seededRandom());

async function verify(signer: Signer, jwt: string, at = NOON) {
  const jwks = createLocalJWKSet({ keys: [...(await signer.jwks()).keys] });
  return jwtVerify(jwt, jwks, {
    issuer: claims.iss,
    audience: claims.aud,
    algorithms: ['ES256'],
    currentDate: new Date(at),
  });
}

describe('an assertion', () => {
  test('says who asks, is checked by the published keys, and lives for a minute', async () => {
    const signer = await createSigner({ clock: fixedClock(), keys: keysInMemory(), sealer });
    const jwt = await signer.sign(claims);
    const { payload, protectedHeader } = await verify(signer, jwt);
    assert.deepEqual(payload, { ...claims, iat: NOON / 1000, exp: NOON / 1000 + 60 });
    assert.equal(protectedHeader.typ, 'sallyport-assertion+jwt');
    await assert.rejects(verify(signer, jwt, NOON + 60_000), { code: 'ERR_JWT_EXPIRED' });
  });

  test('is of no use at another route or from another portal', async () => {
    const signer = await createSigner({ clock: fixedClock(), keys: keysInMemory(), sealer });
    const elsewhere = await signer.sign({ ...claims, aud: 'another-route' });
    await assert.rejects(verify(signer, elsewhere), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
    const foreign = await createSigner({ clock: fixedClock(), keys: keysInMemory(), sealer });
    await assert.rejects(verify(signer, await foreign.sign(claims)), {
      code: 'ERR_JWKS_NO_MATCHING_KEY',
    });
  });
});

describe('a token', () => {
  const portal = { url: 'https://console.example.com/_mfa' };
  const tokenClaims: TokenClaims = {
    sub: 'usr_anna' as UserId,
    jti: 'tok_1',
    client_id: 'sallyport',
    scope: 'api routes',
    tenant: defaultTenant,
    preferred_username: 'anna',
    name: 'Anna Example',
    groups: [],
    tier: 'TIER1',
    acr: 'aal2',
    amr: ['mfa', 'otp', 'pwd'],
    auth_time: NOON / 1000,
    sallyport: { lineage: 'line' as SessionKey, epoch: 2, since: NOON, proofs: [] },
  };
  const issue = async (signer: Signer): Promise<string> =>
    signer.signToken('access', tokenClaims, { portal, expiresAt: NOON + 1_200_000 });
  const asked = { portal, kinds: ['access'] } as const;

  test('comes back as what was put in, with when it was made and when it ends', async () => {
    const signer = await createSigner({ clock: fixedClock(), keys: keysInMemory(), sealer });
    const verified = await signer.verifyToken(await issue(signer), asked);
    assert.ok(verified !== null);
    assert.deepEqual(verified.claims.sallyport, tokenClaims.sallyport);
    assert.deepEqual(
      [verified.kind, verified.issuedAt, verified.expiresAt],
      ['access', NOON, NOON + 1_200_000],
    );
    const jwks = createLocalJWKSet({ keys: [...(await signer.jwks()).keys] });
    const { payload } = await jwtVerify(await issue(signer), jwks, { currentDate: new Date(NOON) });
    assert.equal(payload.aud, portal.url);
  });

  test('is asked for by its kind', async () => {
    const signer = await createSigner({ clock: fixedClock(), keys: keysInMemory(), sealer });
    const token = await issue(signer);
    assert.equal(await signer.verifyToken(token, { portal, kinds: ['mfa', 'enrollment'] }), null);
    assert.equal(await signer.verifyToken(token, { portal, kinds: [] }), null);
    assert.equal(await signer.verifyToken('x'.repeat(20_000), asked), null);
  });

  test('by a key that another instance has just made is known as soon as it is met', async () => {
    const keys = keysInMemory();
    const clock = fixedClock();
    const here = await createSigner({ clock, keys, sealer });
    const rival = keysInMemory();
    const there = await createSigner({ clock, keys: rival, sealer });
    keys.records.unshift(...rival.records);
    const token = await issue(there);
    assert.equal(await here.verifyToken(token, asked), null);
    clock.advance(1);
    assert.notEqual(await here.verifyToken(token, asked), null);
  });

  test('holds through a rotation, until its key is removed (F36)', async () => {
    const keys = keysInMemory();
    const clock = fixedClock();
    const signer = await createSigner({ clock, keys, sealer });
    const old = await issue(signer);
    clock.advance(120);
    await keys.create(await makeSigningKey(sealer, clock.now()));
    clock.advance(120);
    const token = await issue(signer);
    assert.notEqual(decodeProtectedHeader(token).kid, decodeProtectedHeader(old).kid);
    assert.notEqual(await signer.verifyToken(old, asked), null);

    keys.records.splice(1);
    clock.advance(31);
    assert.equal(await signer.verifyToken(old, asked), null);
    assert.notEqual(await signer.verifyToken(token, asked), null);
  });

  test('by keys that nobody has makes them be read once a second, however many come', async () => {
    let reads = 0;
    const keys = keysInMemory();
    const counted = { ...keys, list: async () => ((reads += 1), keys.list()) };
    const clock = fixedClock();
    const signer = await createSigner({ clock, keys: counted, sealer });
    const foreign = await createSigner({ clock, keys: keysInMemory(), sealer });
    const token = await issue(foreign);
    reads = 0;
    for (let time = 0; time < 50; time += 1) await signer.verifyToken(token, asked);
    assert.equal(reads, 0);
    clock.advance(1);
    for (let time = 0; time < 50; time += 1) await signer.verifyToken(token, asked);
    assert.equal(reads, 1);
  });
});

describe('signing keys', () => {
  test('are made once, kept sealed, and found again after a restart', async () => {
    const keys = keysInMemory();
    const first = await createSigner({ clock: fixedClock(), keys, sealer });
    assert.equal(keys.records.length, 1);
    assert.doesNotMatch(JSON.stringify(keys.records[0]?.sealedPrivateJwk), /"d"/);
    const again = await createSigner({ clock: fixedClock(), keys, sealer });
    assert.equal(keys.records.length, 1);
    await verify(first, await again.sign(claims));
  });

  test('are published without their private part, the newest first', async () => {
    const signer = await createSigner({ clock: fixedClock(), keys: keysInMemory(), sealer });
    const { keys } = await signer.jwks();
    assert.equal(
      Object.keys(keys[0] ?? {})
        .toSorted()
        .join(),
      'alg,crv,kid,kty,use,x,y',
    );
  });

  test('of two instances that start together are both published', async () => {
    const keys = keysInMemory();
    const clock = fixedClock();
    const one = await createSigner({ clock, keys, sealer });
    const jwt = await one.sign(claims);
    const rival = keysInMemory();
    await createSigner({ clock, keys: rival, sealer });
    keys.records.unshift(...rival.records);

    clock.advance(31);
    assert.equal((await one.jwks()).keys.length, 2);
    clock.advance(31);

    await verify(one, jwt);
    const later = await one.sign(claims);
    assert.equal(decodeProtectedHeader(later).kid, rival.records[0]?.kid);
  });

  test('are published for a minute before they sign, so that everybody knows them (F36)', async () => {
    const keys = keysInMemory();
    const clock = fixedClock();
    const signer = await createSigner({ clock, keys, sealer });
    const first = keys.records[0]?.kid;
    clock.advance(3600);
    const second = await makeSigningKey(sealer, clock.now());
    await keys.create(second);
    const kidOfNext = async () => decodeProtectedHeader(await signer.sign(claims)).kid;

    clock.advance(31);
    assert.deepEqual(
      (await signer.jwks()).keys.map(({ kid }) => kid),
      [second.kid, first],
    );
    assert.equal(await kidOfNext(), first);
    clock.advance(31);
    assert.equal(await kidOfNext(), second.kid);
  });

  test('that are sealed under a key that is not here yet neither sign nor are believed', async () => {
    const keys = keysInMemory();
    const clock = fixedClock();
    const signer = await createSigner({ clock, keys, sealer });
    const first = keys.records[0]?.kid;
    const elsewhere = createSealer([seededRandom('elsewhere').bytes(32)], seededRandom());
    await keys.create(await makeSigningKey(elsewhere, clock.now()));

    clock.advance(120);
    const published = (await signer.jwks()).keys.map(({ kid }) => kid);
    assert.deepEqual(published, [first]);
    assert.equal(decodeProtectedHeader(await signer.sign(claims)).kid, first);
  });

  // Regression: whoever could write the database put a public key of their own beside ours, and
  // everybody believed what they signed.
  test('are believed only with the private part that we sealed', async () => {
    const clock = fixedClock();
    const keys = keysInMemory();
    await createSigner({ clock, keys, sealer });
    const [ours] = keys.records;
    assert.ok(ours !== undefined);
    const stranger = createSealer([seededRandom('stranger').bytes(32)], seededRandom());
    const theirs = await makeSigningKey(stranger, clock.now() - 120_000);
    await keys.create({ ...theirs, sealedPrivateJwk: ours.sealedPrivateJwk });
    await keys.create({ ...theirs, kid: ours.kid, sealedPrivateJwk: ours.sealedPrivateJwk });
    const signer = await createSigner({ clock, keys, sealer });
    const published = (await signer.jwks()).keys;
    assert.deepEqual(published, [JSON.parse(ours.publicJwk)]);
  });

  test('that were sealed for another place do not open', async () => {
    const keys = keysInMemory();
    await createSigner({ clock: fixedClock(), keys, sealer });
    const [key] = keys.records;
    assert.ok(key !== undefined);
    const moved = keysInMemory([{ ...key, kid: 'another' }]);
    await assert.rejects(createSigner({ clock: fixedClock(), keys: moved, sealer }), {
      name: 'UnsealError',
    });
  });
});
