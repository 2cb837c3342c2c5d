/**
 * People who must use a security key of a known model: what they enroll must be attested by its
 * maker, and nothing else that they have counts as a passkey.
 */

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import type { SessionFacts } from '../../../src/core/facts.ts';
import { usableSecondFactors } from '../../../src/core/policy/decide.ts';
import type { Tier } from '../../../src/core/policy/mfa-policy.ts';
import {
  answerChallengeWithPasskey,
  beginPasskeyChallenge,
} from '../../../src/flows/sign-in/answer-passkey.ts';
import {
  beginPasskeyEnrollment,
  finishPasskeyEnrollment,
} from '../../../src/flows/enroll/enroll-passkey.ts';
import { nextPage } from '../../../src/flows/next-page.ts';
import {
  beginPasskeySignIn,
  signInWithPasskey,
} from '../../../src/flows/sign-in/sign-in-with-passkey.ts';
import {
  aCertificate,
  aRoot,
  signerOf,
  type AttestationSigner,
  type Certified,
} from '../../support/attestation-certificates.ts';
import { aPolicy } from '../../support/builders.ts';
import { openWorld, sure, visit, type World } from '../../support/flow-world.ts';
import { listening } from '../../support/listening.ts';
import { steppedUp } from '../../support/own-changes.ts';
import { askForPasskey, enrollPasskey } from '../../support/passkey-verbs.ts';
import {
  createPasskey,
  platformBuild,
  touchKeyBuild,
  type CreateKnobs,
} from '../../support/soft-authenticator.ts';

const model = '2fc0579f-8113-47ea-b116-bb5a8db9202a';
const otherModel = 'cb69481e-8ff7-4039-93ec-0a2729a154a8';

let root: Certified;
let genuine: AttestationSigner;
before(() => {
  root = aRoot();
  genuine = signerOf(aCertificate(root, { aaguid: model }));
});

let world: World;
let session: SessionFacts;
beforeEach(async () => {
  world = await openWorld();
  await world.addUser('anna');
  session = await world.signInBy('anna');
  demandHardware();
});
afterEach(() => world.close());

/** Everybody is of TIER3 here. */
function demandHardware(of: { models?: readonly string[]; tiers?: readonly Tier[] } = {}): void {
  world.configure({
    policy: aPolicy({ hardwareKeys: { tiers: ['TIER3'], models: [model], ...of } }),
    webauthn: { rpId: 'console.example.com', attestationRoots: [aRoot().pem, root.pem] },
  });
}

async function enroll(knobs: CreateKnobs) {
  const { options } = await beginPasskeyEnrollment(world.ctx, session);
  const { passkey, posted } = createPasskey(options, touchKeyBuild, { aaguid: model, ...knobs });
  const given = { response: posted, name: 'Key' };
  return { passkey, answer: await finishPasskeyEnrollment(world.ctx, visit(), session, given) };
}

describe('a security key', () => {
  test('is asked for with its attestation', async () => {
    const { options, isHardwareNeeded } = await beginPasskeyEnrollment(world.ctx, session);

    assert.equal(isHardwareNeeded, true);
    assert.equal(options['attestation'], 'direct');
    assert.deepEqual(options['hints'], ['security-key']);
  });

  test('of a known model, attested by its maker, is enrolled and counts', async () => {
    const { passkey, answer } = await enroll({ attestation: genuine });

    assert(answer.ok, JSON.stringify(answer));
    assert.equal(answer.session.proofs.at(-1)?.attestedModel, model);
    const risen = sure(await world.rise(answer.session, session));
    assert.deepEqual(risen.attestedModels, [model]);
    const { policy } = world.ctx.config.current();
    assert.deepEqual(usableSecondFactors(risen, policy), ['webauthn']);

    const second = await world.signInBy('anna');
    const response = passkey.get(await askForPasskey(world, second));
    const answered = await answerChallengeWithPasskey(world.ctx, visit(), second, response);
    assert(answered.ok);
    assert.equal(answered.session.proofs.at(-1)?.attestedModel, model);
  });

  test('may be attested over certificates in between', async () => {
    const between = aCertificate(root, { commonName: 'Maker 2', isAuthority: true });
    const leaf = aCertificate(between);

    const { answer } = await enroll({ attestation: signerOf(leaf, between) });

    assert.equal(answer.ok, true);
  });
});

describe('a security key is not taken', () => {
  const cases: readonly (readonly [what: string, knobs: () => CreateKnobs])[] = [
    ['without attestation', () => ({ attestation: 'none' })],
    ['attested by itself', () => ({ attestation: 'self' })],
    [
      'of another model of the maker',
      () => ({
        attestation: signerOf(aCertificate(root)),
        aaguid: otherModel,
      }),
    ],
    ['attested by somebody else', () => ({ attestation: signerOf(aCertificate(aRoot())) })],
    [
      'attested by a root of the same name',
      () => {
        const other = aRoot();
        return { attestation: signerOf(aCertificate(other), other) };
      },
    ],
    // Regression: GHSA-6hxq-p678-4hr2 (SimpleWebAuthn) — a root of the sender's own was accepted.
    [
      'attested by a certificate that signed itself',
      () => ({
        attestation: signerOf(aCertificate(null)),
      }),
    ],
    [
      'attested below a certificate that may not sign others',
      () => {
        const leaf = aCertificate(root, { commonName: 'Leaf 1' });
        return { attestation: signerOf(aCertificate(leaf, { commonName: 'Leaf 2' }), leaf) };
      },
    ],
    [
      'attested by a chain with a gap',
      () => {
        const between = aCertificate(root, { commonName: 'Maker 2', isAuthority: true });
        const lower = aCertificate(between, { commonName: 'Maker 3', isAuthority: true });
        return { attestation: signerOf(aCertificate(lower), between) };
      },
    ],
    [
      'attested by a chain that is longer than any',
      () => {
        let issuer = root;
        const chain: Certified[] = [];
        for (let depth = 0; depth < 5; depth += 1) {
          issuer = aCertificate(issuer, {
            commonName: `Maker ${String(depth)}`,
            isAuthority: true,
          });
          chain.unshift(issuer);
        }
        return { attestation: signerOf(aCertificate(issuer), ...chain) };
      },
    ],
    [
      'attested over a certificate whose time is over',
      () => {
        const knobs = { commonName: 'Maker 2', isAuthority: true, validTo: '251231235959Z' };
        const between = aCertificate(root, knobs);
        return { attestation: signerOf(aCertificate(between), between) };
      },
    ],
    [
      'with no certificate that can be read',
      () => ({
        attestation: { privateKey: genuine.privateKey, chain: [Buffer.from('no certificate')] },
      }),
    ],
    [
      'with an empty chain',
      () => ({
        attestation: { privateKey: genuine.privateKey, chain: [] },
      }),
    ],
    [
      'whose certificate is for another model',
      () => ({
        attestation: signerOf(aCertificate(root, { aaguid: otherModel })),
      }),
    ],
    [
      'whose attestation signed something else',
      () => ({
        attestation: genuine,
        signature: (sig) => sig.fill(1, 8),
      }),
    ],
    [
      'whose attestation was signed by another key',
      () => ({
        attestation: { ...genuine, privateKey: aCertificate(root).privateKey },
      }),
    ],
  ];
  for (const [what, knobs] of cases) {
    test(what, async () => {
      const { answer } = await enroll(knobs());

      assert(!answer.ok);
      assert.match(answer.reason, /^(not-accepted|model-not-allowed)$/);
      const kept = await world.ctx.stores.authenticators.listOfUser(session.principal.id);
      assert.deepEqual(kept, []);
    });
  }

  test('once its model was struck off the list', async () => {
    demandHardware({ models: [otherModel] });

    const { answer } = await enroll({ attestation: genuine });

    assert.deepEqual(answer, { ok: false, reason: 'model-not-allowed' });
  });
});

describe('a passkey from before', () => {
  test('does not count for whoever must use a security key by now', async () => {
    demandHardware({ tiers: [] });
    const { passkey } = await enrollPasskey(world, session, platformBuild);
    const second = await world.signInBy('anna');
    const response = passkey.get(await askForPasskey(world, second));
    const alone = passkey.get(sure(await beginPasskeySignIn(world.ctx, 'browser')));
    demandHardware();

    const asked = { userVerification: 'preferred' } as const;
    assert.equal(await beginPasskeyChallenge(world.ctx, second, asked), null);
    assert.deepEqual(await answerChallengeWithPasskey(world.ctx, visit(), second, response), {
      ok: false,
      reason: 'not-accepted',
    });
    assert.deepEqual(
      await signInWithPasskey(world.ctx, visit(), { response: alone, browser: 'browser' }),
      { ok: false, reason: 'not-accepted' },
    );
    const reasons = (await world.events()).map(({ details }) => details['reason']);
    assert.deepEqual(reasons.slice(-2), ['model-not-allowed', 'model-not-allowed']);
  });

  test('is made anew on the same security key, by whoever has an app to confirm with', async () => {
    demandHardware({ tiers: [] });
    const { secret, ...anna } = await world.enroll(session);
    const before = await enrollPasskey(world, anna.session, touchKeyBuild);
    demandHardware();
    session = await steppedUp(world, { session: before.session, secret });

    const { options } = await beginPasskeyEnrollment(world.ctx, session);
    // A key says "set up already" to whoever names one of its own.
    assert.deepEqual(options['excludeCredentials'], []);
    const { answer } = await enroll({ attestation: genuine });
    assert(answer.ok, JSON.stringify(answer));
    session = sure(await world.rise(answer.session, session));

    assert.equal(nextPage(world.ctx, session), 'done');
    const { options: another } = await beginPasskeyEnrollment(world.ctx, session);
    const excluded = another['excludeCredentials'] as readonly { readonly id: string }[];
    const all = await world.ctx.stores.authenticators.listOfUser(session.principal.id);
    const [old, counting] = all.flatMap(({ passkey }) => passkey ?? []);
    assert.equal(old?.credentialId, before.passkey.credentialId);
    assert.deepEqual(
      excluded.map(({ id }) => id),
      [counting?.credentialId],
    );
  });
});

describe('the certificates of an attestation', () => {
  const asked: string[] = [];
  const server = http.createServer((req, res) => {
    asked.push(String(req.url));
    res.end();
  });
  after(() => server.close());

  test('name revocation lists that nobody fetches', async () => {
    const { origin } = await listening(server);
    const leaf = aCertificate(root, { revocationList: `${origin}/leaf` });

    assert.equal((await enroll({ attestation: signerOf(leaf) })).answer.ok, true);
    assert.deepEqual(asked, []);
  });
});
