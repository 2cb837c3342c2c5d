/** Enrolling passkeys and security keys. */

import assert from 'node:assert/strict';
import http from 'node:http';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SessionFacts } from '../../../src/core/facts.ts';
import { Problem } from '../../../src/core/problem.ts';
import {
  beginPasskeyEnrollment,
  finishPasskeyEnrollment,
} from '../../../src/flows/enroll/enroll-passkey.ts';
import { beginTotpEnrollment } from '../../../src/flows/enroll/enroll-totp.ts';
import {
  confirmRecoveryCodes,
  takeRecoveryCodes,
} from '../../../src/flows/enroll/recovery-codes.ts';
import { signOutEverywhere } from '../../../src/flows/sessions.ts';
import { resetMfa } from '../../../src/flows/admin/users.ts';
import type { Cbor } from '../../../src/flows/evidence/run/cbor.ts';
import { StoreUnavailable } from '../../../src/stores/types.ts';
import { aCertificate, aRoot, signerOf } from '../../support/attestation-certificates.ts';
import { aPolicy, anMfaPolicy } from '../../support/builders.ts';
import { openWorld, sure, visit, type World } from '../../support/flow-world.ts';
import { listening } from '../../support/listening.ts';
import { mailFor, mailThatWaits, withAddress } from '../../support/own-changes.ts';
import { enrollPasskey } from '../../support/passkey-verbs.ts';
import {
  createPasskey,
  platformBuild,
  touchKeyBuild,
  type CreateKnobs,
} from '../../support/soft-authenticator.ts';

let world: World;
let session: SessionFacts;
beforeEach(async () => {
  world = await openWorld();
  await world.addUser('anna', ['admins']);
  session = await world.signInBy('anna');
});
afterEach(() => world.close());

const begin = (by: SessionFacts = session) => beginPasskeyEnrollment(world.ctx, by);
const finish = (response: string, by: SessionFacts = session, name = 'Laptop') =>
  finishPasskeyEnrollment(world.ctx, visit(), by, { response, name });
const made = async (knobs: CreateKnobs = {}, by: SessionFacts = session) =>
  createPasskey((await begin(by)).options, platformBuild, knobs).posted;
const listOf = (by: SessionFacts = session) =>
  world.ctx.stores.authenticators.listOfUser(by.principal.id);

/** From here on she is told by mail. */
async function withMail(): Promise<void> {
  world.configure({ mail: mailThatWaits });
  await withAddress(world, session);
}

describe('what the browser is asked', () => {
  test('names us, the person and the algorithms that we take', async () => {
    const { options, isHardwareNeeded } = await begin();

    assert.equal(isHardwareNeeded, false);
    assert.deepEqual(options['rp'], { id: 'console.example.com', name: 'Example Corp' });
    const { id } = session.principal;
    const handle = Buffer.from(id).toString('base64url');
    assert.deepEqual(options['user'], { id: handle, name: 'anna', displayName: 'anna' });
    assert.deepEqual(
      (options['pubKeyCredParams'] as readonly { alg: number }[]).map(({ alg }) => alg),
      [-8, -7, -257],
    );
    assert.equal(options['attestation'], 'none');
    assert.deepEqual(options['authenticatorSelection'], {
      residentKey: 'preferred',
      requireResidentKey: false,
      userVerification: 'preferred',
    });
  });

  test('leaves out what the person has already', async () => {
    const first = await enrollPasskey(world, session);

    const { options } = await begin(first.session);

    assert.deepEqual(options['excludeCredentials'], [
      { id: first.passkey.credentialId, transports: ['hybrid', 'internal'], type: 'public-key' },
    ]);
  });

  test('enrolls nothing and writes nothing', async () => {
    const { length } = await world.events();
    await begin();

    assert.deepEqual(await listOf(), []);
    assert.equal((await world.events()).length, length);
  });
});

describe('a new passkey', () => {
  test('is kept under its name, with what is to be remembered of it', async () => {
    const { passkey, posted } = createPasskey((await begin()).options, platformBuild, {
      counter: 3,
      aaguid: 'fbfc3007-154e-4ecc-8c0b-6e020557d7bd',
    });
    const answer = await finish(posted, session, '  My laptop ');

    assert(answer.ok);
    assert.equal(answer.areCodesToShow, true);
    const [kept] = await listOf();
    assert.equal(sure(kept).name, 'My laptop');
    assert.deepEqual(sure(kept).passkey, {
      credentialId: passkey.credentialId,
      signCount: 3,
      isBackedUp: true,
      attestedModel: null,
    });
    const events = await world.events();
    const { details, severity } = sure(
      events.find(({ type }) => type === 'authenticator.enrolled'),
    );
    assert.equal(severity, 'notice');
    assert.equal(details['name'], 'My laptop');
    assert.equal(details['model'], 'Apple Passwords');
  });

  test('lets the session go on with two factors, which is no fresh proof', async () => {
    const { session: risen } = await enrollPasskey(world, session);

    const proof = sure(risen.proofs.at(-1));
    assert.deepEqual(
      [proof.method, proof.origin, proof.isFirst, proof.isUserVerified],
      ['webauthn', 'enrollment', true, true],
    );
    world.clock.advance(301);
    await assert.rejects(begin(risen), (thrown) => isProblem(thrown, 'step-up-required'));
  });

  test('is the first of many, while the set-up lasts', async () => {
    const first = await enrollPasskey(world, session);
    world.clock.advance(299);
    const second = await enrollPasskey(world, first.session, touchKeyBuild);
    await beginTotpEnrollment(world.ctx, second.session);
    world.clock.advance(2);

    await assert.rejects(begin(second.session), (thrown) => isProblem(thrown, 'step-up-required'));
    assert.deepEqual(
      (await listOf()).map(({ name }) => name),
      ['My key', 'My key 2'],
    );
  });

  test('comes with recovery codes the first time, and not again', async () => {
    const first = await enrollPasskey(world, session);
    assert.equal(sure(await takeRecoveryCodes(world.ctx, first.session)).length, 10);
    assert.equal(await confirmRecoveryCodes(world.ctx, visit(), first.session), true);

    const answer = await finish(await made({}, first.session), first.session);

    assert(answer.ok);
    assert.equal(answer.areCodesToShow, false);
  });

  test('is told to the person', async () => {
    await withMail();

    await finish(await made());

    assert.deepEqual(await mailFor(world, session), ['authenticator-added']);
  });

  test('is audited only where the policy says so, and told all the same', async () => {
    await withMail();
    world.configure({ policy: aPolicy({ mfa: anMfaPolicy({ audit: { logsEnroll: false } }) }) });

    assert.equal((await finish(await made())).ok, true);
    assert.equal((await world.eventTypes()).includes('authenticator.enrolled'), false);
    assert.deepEqual(await mailFor(world, session), ['authenticator-added']);
  });

  // Security G9: what proves the person's passkey is nobody's business who reads the database.
  test('has its public key sealed, in its own row', async () => {
    await enrollPasskey(world, session);
    const [kept] = await listOf();

    assert.match(sure(kept).sealedCredential, /^s1\./);
    assert.throws(() => world.ctx.sealer.unseal(sure(kept).sealedCredential, 'authenticators:x'));
  });

  for (const algorithm of [-8, -7, -257]) {
    for (const attestation of ['none', 'self'] as const) {
      test(`may sign with ${String(algorithm)}, attestation ${attestation}`, async () => {
        assert.equal((await finish(await made({ algorithm, attestation }))).ok, true);
      });
    }
  }
});

describe('a new passkey is not taken', () => {
  const cases: readonly (readonly [what: string, knobs: CreateKnobs])[] = [
    ['with another type', { type: 'webauthn.get' }],
    ['made on another site', { origin: 'https://evil.test' }],
    ['made in a frame', { crossOrigin: true }],
    ['made in a frame that is named', { topOrigin: 'https://console.example.com' }],
    ['for another relying party', { rpId: 'evil.test' }],
    ['with nobody present', { isUserPresent: false }],
    ['backed up without being eligible', { isBackupEligible: false, isBackedUp: true }],
    ['with ES384', { algorithm: -35 }],
    ['with an algorithm nobody knows', { algorithm: -9999 }],
    ['with the key of another algorithm', { publicKey: (cose) => cose.set(3, -8) }],
    ['with another curve', { publicKey: (cose) => cose.set(-1, 2) }],
    ['with a short coordinate', { publicKey: (cose) => cose.set(-2, Buffer.alloc(31, 1)) }],
    ['with a compressed point', { publicKey: (cose) => cose.set(-3, 1) }],
    ['with a small RSA key', { algorithm: -257, publicKey: (cose) => cose.set(-1, bytes(255)) }],
    ['with a huge RSA key', { algorithm: -257, publicKey: (cose) => cose.set(-1, bytes(1025)) }],
    ['with an id that is too long', { credentialId: Buffer.alloc(1024, 7) }],
    ['with no id', { credentialId: Buffer.alloc(0) }],
    ['with more than there may be', { trailing: Buffer.from([0]) }],
    ['with a wrong signature', { attestation: 'self', signature: (sig) => sig.fill(1, 8) }],
    ['with a statement beside none', { statement: { format: 'none', attStmt: aMap('alg', -7) } }],
    ['in a format nobody asked for', { statement: { format: 'apple', attStmt: new Map() } }],
  ];
  for (const [what, knobs] of cases) {
    test(what, async () => {
      assert.deepEqual(await finish(await made(knobs)), { ok: false, reason: 'not-accepted' });
      assert.deepEqual(await listOf(), []);
      assert.equal(world.counted.at(-1), 'webauthn failure');
    });
  }

  test('under another id than its own', async () => {
    const posted = await made({ posted: (own) => ({ ...own, id: 'AAAA', rawId: 'AAAA' }) });

    assert.deepEqual(await finish(posted), { ok: false, reason: 'not-accepted' });
  });

  test('that cannot be read', async () => {
    for (const response of ['', 'null', '{"type":"public-key"}']) {
      assert.deepEqual(await finish(response), { ok: false, reason: 'not-accepted' });
    }
  });

  test('without a name that can be read, and nothing is used up', async () => {
    const posted = await made();
    for (const name of ['', '   ', 'a'.repeat(61), 'a\u0000b', '\u202egnp']) {
      assert.deepEqual(await finish(posted, session, name), { ok: false, reason: 'name-missing' });
    }
    assert.equal((await finish(posted, session, 'a'.repeat(60))).ok, true);
  });

  test('twice, by the same person or another', async () => {
    const { passkey } = await enrollPasskey(world, session);
    const credentialId = Buffer.from(passkey.credentialId, 'base64url');
    await world.addUser('ben');
    const ben = await world.signInBy('ben');

    const answer = await finish(await made({ credentialId }, ben), ben);

    assert.deepEqual(answer, { ok: false, reason: 'already-enrolled' });
    assert.deepEqual(await listOf(ben), []);
    const confirmed = await world.ctx.stores.recoveryCodes.hasUnconfirmed(ben.principal.id);
    assert.equal(confirmed, false);
  });

  test('for a challenge that is old, used, of another session or not for this', async () => {
    const old = await made();
    world.clock.advance(300);
    assert.deepEqual(await finish(old), { ok: false, reason: 'expired' });

    const other = await made({}, await world.signInBy('anna'));
    assert.deepEqual(await finish(other), { ok: false, reason: 'expired' });

    assert.deepEqual(await finish(await made({ challenge: 'AAAA' })), {
      ok: false,
      reason: 'expired',
    });

    const wrong = await begin();
    await finish(createPasskey(wrong.options, platformBuild, { isUserPresent: false }).posted);
    const right = createPasskey(wrong.options).posted;
    assert.deepEqual(await finish(right), { ok: false, reason: 'expired' });
  });
});

describe('somebody who has something enrolled', () => {
  // Regression: CVE-2026-3429 (Keycloak) — a session with a password alone enrolled its own key.
  test('adds nothing by password alone', async () => {
    await world.enroll(session);
    const thief = await world.signInBy('anna');

    await assert.rejects(begin(thief), (thrown) => isProblem(thrown, 'step-up-required'));
  });

  // Regression: CVE-2026-37982 (Keycloak) — an enrollment that was begun before was finished after.
  test('adds nothing by an enrollment that was begun when there was nothing', async () => {
    const thief = await world.signInBy('anna');
    const begun = await made({}, thief);
    await enrollPasskey(world, session);

    await assert.rejects(finish(begun, thief), (thrown) => isProblem(thrown, 'step-up-required'));
    assert.equal((await listOf()).length, 1);
  });
});

describe('an enrollment whose session has ended meanwhile', () => {
  test('enrolls nothing after a sign-out everywhere, or a reset', async () => {
    const first = await made();
    await signOutEverywhere(world.ctx, visit(), session);
    await assert.rejects(finish(first), (thrown) => isProblem(thrown, 'not-signed-in'));

    session = await world.signInBy('anna');
    const second = await made();
    await resetMfa(world.ctx, { username: 'anna', reason: 'stolen', ticket: 'T-1' });
    await assert.rejects(finish(second), (thrown) => isProblem(thrown, 'not-signed-in'));
    assert.deepEqual(await listOf(), []);
  });
});

describe('an enrollment', () => {
  test('is neither begun nor finished where passkeys are switched off', async () => {
    const posted = await made();
    world.configure({ policy: aPolicy({ mfa: anMfaPolicy({ webauthn: { isEnabled: false } }) }) });

    await assert.rejects(begin(), (thrown) => isProblem(thrown, 'policy-forbids'));
    await assert.rejects(finish(posted), (thrown) => isProblem(thrown, 'policy-forbids'));
  });

  // Security G12.
  test('comes to nothing when its audit event cannot be written', async () => {
    const posted = await made();
    const { stores } = world.ctx;
    const withoutAudit: typeof stores = {
      ...stores,
      transaction: (work) =>
        stores.transaction((inside) =>
          work({ ...inside, audit: { ...inside.audit, append: auditIsAway } }),
        ),
    };
    const given = { response: posted, name: 'Laptop' };

    await assert.rejects(
      finishPasskeyEnrollment({ ...world.ctx, stores: withoutAudit }, visit(), session, given),
      StoreUnavailable,
    );
    assert.deepEqual(await listOf(), []);
  });

  // The library would fetch the revocation lists that a stranger's certificates name.
  test('fetches nothing that a certificate names', async () => {
    const asked: string[] = [];
    const server = http.createServer((req, res) => {
      asked.push(String(req.url));
      res.end();
    });
    const { origin } = await listening(server);
    try {
      const root = aRoot({ revocationList: `${origin}/root` });
      const leaf = aCertificate(root, { revocationList: `${origin}/leaf` });
      const statements = ['packed', 'fido-u2f', 'apple', 'tpm', 'android-key', 'android-safetynet'];
      for (const format of statements) {
        const attStmt = aMap('alg', -7)
          .set('sig', Buffer.alloc(70, 1))
          .set('x5c', signerOf(leaf, root).chain);
        await finish(await made({ statement: { format, attStmt } }));
      }
      await finish(await made({ attestation: signerOf(leaf, root) }));
      assert.deepEqual(asked, []);
    } finally {
      server.close();
    }
  });
});

function auditIsAway(): Promise<never> {
  return Promise.reject(new StoreUnavailable('The audit log'));
}

function bytes(count: number): Buffer {
  return Buffer.alloc(count, 0xff);
}

function aMap(key: Cbor, value: Cbor): Map<Cbor, Cbor> {
  return new Map([[key, value]]);
}

function isProblem(thrown: unknown, code: string): boolean {
  return thrown instanceof Problem && thrown.code === code;
}
