/**
 * What is looked at in the answer of a passkey. Every answer here is properly signed: what is wrong
 * with it must be seen in what was signed (security requirements 98 to 110).
 */

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { SessionFacts } from '../../../src/core/facts.ts';
import { answerChallengeWithPasskey } from '../../../src/flows/sign-in/answer-passkey.ts';
import { openWorld, sure, visit, type World } from '../../support/flow-world.ts';
import { askForPasskey, atPasskeyChallenge } from '../../support/passkey-verbs.ts';
import { type Knobs, type SoftPasskey } from '../../support/soft-authenticator.ts';

let world: World;
let passkey: SoftPasskey;
let securityKey: SoftPasskey;
/** Signed in by password, at the challenge. */
let session: SessionFacts;
beforeEach(async () => {
  world = await openWorld();
  ({ passkey, securityKey, session } = await atPasskeyChallenge(world, 'anna'));
});
afterEach(() => world.close());

const ask = (by: SessionFacts = session) => askForPasskey(world, by);
const answer = (response: string, by: SessionFacts = session) =>
  answerChallengeWithPasskey(world.ctx, visit(), by, response);
const stored = async (key: SoftPasskey) =>
  sure(sure(await world.ctx.stores.authenticators.findByCredentialId(key.credentialId)).passkey);

async function lastEvent() {
  const { type, severity, details } = sure((await world.events()).at(-1));
  return { type, severity, reason: details['reason'] };
}

function failed(reason: string, severity: 'warning' | 'high' = 'warning') {
  return { type: 'second-factor.failed', severity, reason };
}

describe('an answer that is signed, but says', () => {
  const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const cases: readonly (readonly [what: string, knobs: Knobs, reason: string])[] = [
    ['that it is an enrollment', { type: 'webauthn.create' }, 'not-verified'],
    ['another origin', { origin: 'https://console.example.com.evil.test' }, 'not-verified'],
    ['another scheme', { origin: 'http://console.example.com' }, 'not-verified'],
    ['another port', { origin: 'https://console.example.com:8443' }, 'not-verified'],
    ['an origin below ours', { origin: 'https://a.console.example.com' }, 'not-verified'],
    ['that it was in a frame', { crossOrigin: true }, 'not-verified'],
    ['something odd about a frame', { crossOrigin: 'no' }, 'not-verified'],
    ['which frame it was in', { topOrigin: 'https://evil.test' }, 'not-verified'],
    ['that our own page framed it', { topOrigin: 'https://console.example.com' }, 'not-verified'],
    ['another relying party', { rpId: 'example.com' }, 'not-verified'],
    ['that nobody was there', { isUserPresent: false }, 'not-verified'],
    [
      'that nobody was there, but verified',
      { isUserPresent: false, isUserVerified: true },
      'not-verified',
    ],
    [
      'that it is backed up and cannot be',
      { isBackupEligible: false, isBackedUp: true },
      'not-verified',
    ],
    [
      'that it cannot be backed up any more',
      { isBackupEligible: false, isBackedUp: false },
      'backup-eligibility-changed',
    ],
    ['whose it is, which is not true', { userHandle: 'dXNyX2Jlbg' }, 'other-user'],
    ['more than it may', { trailing: Buffer.from([0]) }, 'not-verified'],
    ['that there is a credential, and there is none', { moreFlags: 0x40 }, 'not-verified'],
    ['something by another key', { privateKey: otherKey }, 'not-verified'],
  ];
  for (const [what, knobs, reason] of cases) {
    test(`${what}, is refused`, async () => {
      const answered = await answer(passkey.get(await ask(), knobs));

      assert.deepEqual(answered, { ok: false, reason: 'not-accepted' });
      assert.deepEqual(await lastEvent(), failed(reason));
      assert.equal(world.counted.at(-1), 'webauthn failure');
    });
  }

  test('that it may be backed up from now on, is refused', async () => {
    const response = securityKey.get(await ask(), { isBackupEligible: true });

    assert.deepEqual(await answer(response), { ok: false, reason: 'not-accepted' });
    assert.deepEqual(await lastEvent(), failed('backup-eligibility-changed'));
  });

  test('more flags than are known yet, is taken', async () => {
    assert.equal((await answer(passkey.get(await ask(), { moreFlags: 0x22 }))).ok, true);
  });

  test('nothing of a frame, as older browsers do, is taken', async () => {
    assert.equal((await answer(passkey.get(await ask(), { crossOrigin: undefined }))).ok, true);
  });
});

describe('an answer that cannot be read', () => {
  const cases: readonly (readonly [what: string, response: string])[] = [
    ['nothing', ''],
    ['no JSON', 'challenge'],
    ['null', 'null'],
    ['a list', '[]'],
    ['an object of nothing', '{}'],
    ['a deep one', '['.repeat(9000)],
    ['parts of the wrong kind', '{"id":1,"rawId":1,"type":"public-key","response":{}}'],
  ];
  for (const [what, response] of cases) {
    test(`is refused: ${what}`, async () => {
      assert.deepEqual(await answer(response), { ok: false, reason: 'not-accepted' });
      assert.deepEqual(await lastEvent(), failed('unreadable'));
    });
  }

  const changes: Readonly<Record<string, Knobs['posted']>> = {
    'another type of credential': (made) => ({ ...made, type: 'password' }),
    'two ids': (made) => ({ ...made, rawId: 'AAAA' }),
    'an id in another spelling': (made) => ({ ...made, id: `${made.id}=`, rawId: `${made.id}=` }),
    'an id that is too long': (made) => {
      const id = Buffer.alloc(1024, 1).toString('base64url');
      return { ...made, id, rawId: id };
    },
    'no signature': (made) => ({ ...made, response: { ...made.response, signature: undefined } }),
    'a signature that is no text': (made) => ({
      ...made,
      response: { ...made.response, signature: { length: 64 } },
    }),
    'what the browser signed, in no UTF-8': (made) => ({
      ...made,
      response: { ...made.response, clientDataJSON: 'gICAgA' },
    }),
    'a handle that is no text': (made) => ({
      ...made,
      response: { ...made.response, userHandle: 7 },
    }),
    'both kinds of response': (made) => ({
      ...made,
      response: { ...made.response, attestationObject: 1 },
    }),
  };
  for (const [what, posted] of Object.entries(changes)) {
    test(`is refused: ${what}`, async () => {
      const response = passkey.get(await ask(), { ...(posted && { posted }) });

      assert.deepEqual(await answer(response), { ok: false, reason: 'not-accepted' });
      assert.deepEqual(await lastEvent(), failed('unreadable'));
    });
  }

  test('is refused: the response to an enrollment', async () => {
    const response = passkey.get(await ask(), {
      posted: (made) => ({ ...made, response: { ...made.response, attestationObject: 'oA' } }),
    });

    assert.deepEqual(await answer(response), { ok: false, reason: 'not-accepted' });
  });
});

describe('a counter', () => {
  test('that went back is a copy of the key: refused, and somebody must look', async () => {
    await answer(securityKey.get(await ask(), { counter: 41 }));
    const second = await world.signInBy('anna');

    for (const counter of [41, 40, 1, 0]) {
      const response = securityKey.get(await ask(second), { counter });
      assert.deepEqual(await answer(response, second), { ok: false, reason: 'not-accepted' });
      assert.deepEqual(await lastEvent(), failed('counter-went-back', 'high'));
    }
    assert.equal((await stored(securityKey)).signCount, 41);
    const { details, subject } = sure((await world.events()).at(-1));
    assert.equal(subject, session.principal.id);
    assert.match(String(details['authenticator']), /^ath_/);
  });

  // Security: the alarm must not be somebody else's to ring.
  test('says nothing where the signature is not right', async () => {
    await answer(securityKey.get(await ask(), { counter: 41 }));
    const forged = { counter: 1, signature: (made: Buffer) => made.fill(1, 8) };

    await answer(securityKey.get(await ask(), forged));

    assert.deepEqual(await lastEvent(), failed('not-verified'));
  });

  test('of zero, as synchronised passkeys have, says nothing', async () => {
    assert.equal((await answer(passkey.get(await ask()))).ok, true);
    assert.equal((await answer(passkey.get(await ask()))).ok, true);
  });
});
