/**
 * The test vectors of the W3C (WebAuthn L3, "Test Vectors"): each is enrolled and answers, unless it
 * is of a kind that we do not take; and each is refused once any one thing about it is changed
 * (security requirements 98 to 110).
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { decodeAttestationObject } from '@simplewebauthn/server/helpers';

import type { AuthenticatorId, UserId } from '../../src/core/ids.ts';
import { cborOf, type Cbor } from '../../src/flows/evidence/run/cbor.ts';
import type { NewPasskey, PasskeyCheck, PasskeyEnrollmentCheck } from '../../src/methods/method.ts';
import { createPasskeys, type PasskeySettings } from '../../src/methods/webauthn/passkeys.ts';
import type { Authenticator } from '../../src/stores/types.ts';
import { NOON } from '../support/fixed-clock.ts';
import { openWorld, sure, type World } from '../support/flow-world.ts';

interface Vector {
  readonly name: string;
  readonly registration: {
    readonly challenge: string;
    readonly credentialId: string;
    readonly aaguid: string;
    readonly clientDataJSON: string;
    readonly attestationObject: string;
  };
  readonly authentication: {
    readonly challenge: string;
    readonly clientDataJSON: string;
    readonly authenticatorData: string;
    readonly signature: string;
  };
}

const file = new URL('webauthn-vectors.json', import.meta.url);
const { rpId, origin, attestationRoot, vectors } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly rpId: string;
  readonly origin: string;
  readonly attestationRoot: string;
  readonly vectors: readonly Vector[];
};

const root =
  '-----BEGIN CERTIFICATE-----\n' +
  `${Buffer.from(attestationRoot, 'base64url').toString('base64')}\n-----END CERTIFICATE-----\n`;

const settings: PasskeySettings = {
  rpId,
  origin,
  issuer: 'Example Corp',
  attestationRoots: [root],
  hardwareModels: vectors.map(({ registration }) => registration.aaguid),
};

/** Why we do not take some of them. */
const refused: Readonly<Record<string, string>> = {
  'none.ES256.crossOrigin': 'in a frame of another site',
  'none.ES256.topOrigin': 'in a frame of another site',
  'packed.ES384': 'an algorithm that we do not offer',
  'packed.ES512': 'an algorithm that we do not offer',
  'packed.Ed448': 'an algorithm that we do not offer',
  'tpm.ES256': 'a format that we did not ask for',
  'android-key.ES256': 'a format that we did not ask for',
  'apple.ES256': 'a format that we did not ask for',
  'fido-u2f.ES256': 'a format that we did not ask for',
};

const taken = vectors.filter(({ name }) => !(name in refused));
const attested = ['packed.ES256', 'packed.RS256', 'packed.EdDSA'];

let world: World;
let userId: UserId;
before(async () => {
  world = await openWorld();
  await world.addUser('anna');
  userId = sure(await world.ctx.stores.users.findByUsername('anna')).id;
});
after(() => world.close());

type Registration = Vector['registration'];
type Answer = Vector['authentication'];

function passkeys(changes: Partial<PasskeySettings> = {}) {
  return createPasskeys({
    sealer: world.ctx.sealer,
    settings: () => ({ ...settings, ...changes }),
  });
}

async function enroll(
  given: Registration,
  {
    isHardwareNeeded = false,
    ...changes
  }: Partial<PasskeySettings & { isHardwareNeeded: boolean }> = {},
  challenge = given.challenge,
): Promise<PasskeyEnrollmentCheck> {
  const { credentialId: id, clientDataJSON, attestationObject } = given;
  const response = { clientDataJSON, attestationObject, transports: ['usb'] };
  const posted = JSON.stringify({ id, rawId: id, type: 'public-key', response });
  return passkeys(changes).checkEnrollment(posted, { challenge, isHardwareNeeded, now: NOON });
}

async function enrolled(vector: Vector): Promise<Authenticator> {
  const check = await enroll(vector.registration);
  assert(check.ok, `${vector.name}: ${JSON.stringify(check)}`);
  return authenticatorOf(check.passkey);
}

async function authenticatorOf({ credential, state }: NewPasskey): Promise<Authenticator> {
  const { authenticators } = world.ctx.stores;
  await authenticators.removeOfUser(userId);
  const id = 'ath_vector' as AuthenticatorId;
  const authenticator: Authenticator = {
    id,
    userId,
    method: 'webauthn',
    name: 'Vector',
    sealedCredential: passkeys().seal(userId, id, credential),
    lastStep: -1,
    passkey: state,
    createdAt: NOON,
    lastUsedAt: null,
  };
  await authenticators.create(authenticator);
  return authenticator;
}

async function answer(
  authenticator: Authenticator,
  given: Answer,
  changes: Partial<
    PasskeySettings & { userHandle: string; needsHandle: boolean; needsUv: boolean }
  > = {},
  challenge = given.challenge,
): Promise<PasskeyCheck> {
  const { userHandle, needsHandle = false, needsUv = false, ...ours } = changes;
  const { clientDataJSON, authenticatorData, signature } = given;
  const id = authenticator.passkey?.credentialId;
  const response = { clientDataJSON, authenticatorData, signature, userHandle };
  const posted = JSON.stringify({ id, rawId: id, type: 'public-key', response });
  return passkeys(ours).checkAnswer(world.ctx.stores, posted, {
    authenticator,
    challenge,
    isUserVerificationNeeded: needsUv,
    isUserHandleNeeded: needsHandle,
    now: NOON,
  });
}

function withByte(base64url: string, at: number, change: (byte: number) => number): string {
  const bytes = Buffer.from(base64url, 'base64url');
  const place = at < 0 ? bytes.length + at : at;
  bytes[place] = change(bytes[place] ?? 0);
  return bytes.toString('base64url');
}

function withClientData(
  base64url: string,
  change: (data: Record<string, unknown>) => Record<string, unknown>,
): string {
  const data = JSON.parse(Buffer.from(base64url, 'base64url').toString()) as Record<
    string,
    unknown
  >;
  return Buffer.from(JSON.stringify(change(data))).toString('base64url');
}

/** The attestation object with other authenticator data, or another statement. */
function withAttestation(
  base64url: string,
  change: (parts: Map<Cbor, Cbor>) => readonly (readonly [Cbor, Cbor])[],
): string {
  const bytes = new Uint8Array(Buffer.from(base64url, 'base64url'));
  const parts = decodeAttestationObject(bytes) as unknown as Map<Cbor, Cbor>;
  return cborOf(new Map([...parts, ...change(parts)])).toString('base64url');
}

function withAuthData(base64url: string, at: number, change: (byte: number) => number): string {
  return withAttestation(base64url, (parts) => {
    const authData = Buffer.from(parts.get('authData') as Uint8Array);
    authData[at] = change(authData[at] ?? 0);
    return [['authData', authData]];
  });
}

describe('the vectors of the W3C', () => {
  test('are all here', () => {
    assert.equal(vectors.length, 15);
    assert.deepEqual(
      taken.map(({ name }) => name),
      [
        'none.ES256',
        'packed-self.ES256',
        'none.ES256.long-credential-id',
        'packed.ES256',
        'packed.RS256',
        'packed.EdDSA',
      ],
    );
  });

  for (const vector of taken) {
    test(`${vector.name} is enrolled and answers`, async () => {
      const check = await enroll(vector.registration);
      assert(check.ok, JSON.stringify(check));
      const { credential, state } = check.passkey;
      assert.equal(state.credentialId, vector.registration.credentialId);
      assert.equal(credential.aaguid, vector.registration.aaguid);
      assert.equal(state.attestedModel, null);

      const checked = await answer(await enrolled(vector), vector.authentication);
      assert(checked.ok, JSON.stringify(checked));
      assert.equal(checked.proof.method, 'webauthn');
    });
  }

  for (const vector of vectors.filter(({ name }) => name in refused)) {
    test(`${vector.name} is refused: ${refused[vector.name] ?? ''}`, async () => {
      assert.deepEqual(await enroll(vector.registration), { ok: false, reason: 'not-verified' });
    });
  }

  test('count as hardware where a certificate of the maker signed them, and no others', async () => {
    for (const { name, registration } of taken) {
      const check = await enroll(registration, { isHardwareNeeded: true });

      const isAttested = attested.includes(name);
      assert.equal(check.ok, isAttested, name);
      if (check.ok) assert.equal(check.passkey.state.attestedModel, registration.aaguid);
      else assert.equal(check.reason, 'model-not-allowed');
    }
  });

  test('count as hardware neither without their root nor without their model', async () => {
    for (const { registration } of taken.filter(({ name }) => attested.includes(name))) {
      for (const changes of [{ attestationRoots: [] }, { hardwareModels: [] }]) {
        const check = await enroll(registration, { isHardwareNeeded: true, ...changes });
        assert.deepEqual(check, { ok: false, reason: 'model-not-allowed' });
      }
    }
  });
});

type ChangedRegistration = (given: Registration) => Partial<Registration>;

const changedClientData =
  (change: Record<string, unknown>): ChangedRegistration =>
  ({ clientDataJSON }) => ({
    clientDataJSON: withClientData(clientDataJSON, (data) => ({ ...data, ...change })),
  });

// With no attestation the browser's part is not signed, so that each check must stand by itself.
const changedRegistrations: Readonly<Record<string, ChangedRegistration>> = {
  'another type': changedClientData({ type: 'webauthn.get' }),
  'another challenge': changedClientData({ challenge: 'AAAA' }),
  'another origin': changedClientData({ origin: 'https://example.org.evil.example' }),
  'an origin of another case': changedClientData({ origin: 'https://Example.org' }),
  'an origin with a port': changedClientData({ origin: 'https://example.org:8443' }),
  'a page in a frame': changedClientData({ crossOrigin: true }),
  'a page in a frame, said otherwise': changedClientData({ crossOrigin: 'false' }),
  'a page that names its frame': changedClientData({ topOrigin: 'https://example.org' }),
  'another relying party': ({ attestationObject }) => ({
    attestationObject: withAuthData(attestationObject, 0, (byte) => byte ^ 1),
  }),
  'nobody present': ({ attestationObject }) => ({
    attestationObject: withAuthData(attestationObject, 32, (flags) => flags & ~0x01),
  }),
  'backed up without being eligible': ({ attestationObject }) => ({
    attestationObject: withAuthData(attestationObject, 32, (flags) => (flags & ~0x08) | 0x10),
  }),
  'no attested credential': ({ attestationObject }) => ({
    attestationObject: withAuthData(attestationObject, 32, (flags) => flags & ~0x40),
  }),
  'another credential id than it was posted under': () => ({ credentialId: 'AAAA' }),
  'an unknown format': ({ attestationObject }) => ({
    attestationObject: withAttestation(attestationObject, () => [['fmt', 'compound']]),
  }),
  'a statement that is not its own': ({ attestationObject }) => ({
    attestationObject: withAttestation(attestationObject, ({ size }) => [
      ['attStmt', new Map<Cbor, Cbor>([['alg', size]])],
    ]),
  }),
};

describe('a registration', () => {
  for (const [what, change] of Object.entries(changedRegistrations)) {
    test(`is refused with ${what}`, async () => {
      for (const { name, registration } of taken) {
        const changed = { ...registration, ...change(registration) };

        const check = await enroll(changed, {}, registration.challenge);

        assert.deepEqual(check, { ok: false, reason: 'not-verified' }, name);
      }
    });
  }

  test('is refused with another challenge, origin or relying party of ours', async () => {
    for (const { registration } of taken) {
      for (const changes of [{ origin: 'https://other.example' }, { rpId: 'other.example' }]) {
        assert.equal((await enroll(registration, changes)).ok, false);
      }
      assert.equal((await enroll(registration, {}, 'AAAA')).ok, false);
    }
  });

  test('is refused with another byte of its statement', async () => {
    for (const { name, registration } of taken.filter((one) => one.name.startsWith('packed'))) {
      const attestationObject = withAttestation(registration.attestationObject, (parts) => {
        const attStmt = new Map(parts.get('attStmt') as ReadonlyMap<Cbor, Cbor>);
        const sig = Buffer.from(attStmt.get('sig') as Uint8Array);
        const last = sig.length - 1;
        sig[last] = (sig[last] ?? 0) ^ 1;
        return [['attStmt', attStmt.set('sig', sig)]];
      });
      const check = await enroll({ ...registration, attestationObject });

      assert.deepEqual(check, { ok: false, reason: 'not-verified' }, name);
    }
  });
});

type ChangedAnswer = (given: Answer) => Partial<Answer>;

const changedAnswers: Readonly<Record<string, ChangedAnswer>> = {
  'another byte of the signature': ({ signature }) => ({
    signature: withByte(signature, -1, (byte) => byte ^ 1),
  }),
  'another byte of the signed data': ({ authenticatorData }) => ({
    authenticatorData: withByte(authenticatorData, -1, (byte) => byte ^ 1),
  }),
  'the person verified who was not, or the other way round': ({ authenticatorData }) => ({
    authenticatorData: withByte(authenticatorData, 32, (flags) => flags ^ 0x04),
  }),
  'nobody present': ({ authenticatorData }) => ({
    authenticatorData: withByte(authenticatorData, 32, (flags) => flags & ~0x01),
  }),
  'another type': ({ clientDataJSON }) => ({
    clientDataJSON: withClientData(clientDataJSON, (data) => ({
      ...data,
      type: 'webauthn.create',
    })),
  }),
  'an origin that the signature does not cover': ({ clientDataJSON }) => ({
    clientDataJSON: withClientData(clientDataJSON, (data) => ({ ...data, more: 1 })),
  }),
};

describe('an answer', () => {
  for (const [what, change] of Object.entries(changedAnswers)) {
    test(`is refused with ${what}`, async () => {
      for (const vector of taken) {
        const changed = { ...vector.authentication, ...change(vector.authentication) };

        const check = await answer(await enrolled(vector), changed);

        assert.deepEqual(check, { ok: false, reason: 'not-verified' }, vector.name);
      }
    });
  }

  test('is refused with another challenge, origin or relying party of ours', async () => {
    for (const vector of taken) {
      const authenticator = await enrolled(vector);
      for (const changes of [{ origin: 'https://other.example' }, { rpId: 'other.example' }]) {
        assert.equal((await answer(authenticator, vector.authentication, changes)).ok, false);
      }
      assert.equal((await answer(authenticator, vector.authentication, {}, 'AAAA')).ok, false);
    }
  });

  test('is refused by the key of another', async () => {
    for (const [at, vector] of taken.entries()) {
      const other = sure(taken[(at + 1) % taken.length]);

      const check = await answer(await enrolled(other), vector.authentication);

      assert.deepEqual(check, { ok: false, reason: 'not-verified' }, vector.name);
    }
  });

  test('must name the person when it names one, and where it must name one', async () => {
    for (const vector of taken) {
      const authenticator = await enrolled(vector);
      const by = (changes: Parameters<typeof answer>[2]) =>
        answer(authenticator, vector.authentication, changes);

      assert.deepEqual(await by({ userHandle: handleOf('usr_ben') }), refusedAs('other-user'));
      assert.deepEqual(await by({ needsHandle: true }), refusedAs('other-user'));
      const named = { userHandle: handleOf(userId), needsHandle: true };
      assert.equal((await by(named)).ok, true, vector.name);
    }
  });

  test('must verify the person where that is needed', async () => {
    for (const vector of taken) {
      const flags = Buffer.from(vector.authentication.authenticatorData, 'base64url')[32] ?? 0;
      const isUserVerified = (flags & 0x04) !== 0;

      const check = await answer(await enrolled(vector), vector.authentication, { needsUv: true });

      assert.deepEqual(check.ok ? 'ok' : check.reason, isUserVerified ? 'ok' : 'user-not-verified');
    }
  });
});

function refusedAs(reason: string) {
  return { ok: false, reason };
}

function handleOf(user: string): string {
  return Buffer.from(user).toString('base64url');
}
