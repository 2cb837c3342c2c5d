/** What proofs amount to, and what they lack. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  assuranceOf,
  assuranceShortfall,
  clockSkewSeconds,
  devicesRestedOn,
  isFromTheFuture,
  levelOf,
  methodsThatWouldMeet,
} from '../../../src/core/assurance.ts';
import type { DeviceId } from '../../../src/core/ids.ts';
import { withProof } from '../../../src/core/proofs.ts';
import { addSeconds } from '../../../src/core/time.ts';
import { aProof, aRequirement, NOON } from '../../support/builders.ts';

const password = aProof('password');
const totp = aProof('totp');
const recoveryCode = aProof('recovery-code');
const securityKey = aProof('webauthn');
const passkey = aProof('webauthn', { isUserVerified: true });

describe('assuranceOf', () => {
  // prettier-ignore
  const cases = [
    ['nothing',                      [],                          0, null,   []],
    ['a password',                   [password],                  1, 'aal1', ['pwd']],
    ['a TOTP code',                  [totp],                      1, 'aal1', ['otp']],
    ['a recovery code (NIST §4.2.2)', [recoveryCode],             1, 'aal1', ['otp']],
    ['a security key',               [securityKey],               1, 'aal1', ['pop', 'user']],
    ['two things one has',           [totp, recoveryCode],        1, 'aal1', ['otp']],
    ['a code and a security key',    [totp, securityKey],         1, 'aal1', ['otp', 'pop', 'user']],
    ['password and TOTP code',       [password, totp],            2, 'aal2', ['mfa', 'otp', 'pwd']],
    ['password and recovery code',   [password, recoveryCode],    2, 'aal2', ['mfa', 'otp', 'pwd']],
    ['password and security key',    [password, securityKey],     2, 'phr',  ['mfa', 'pop', 'pwd', 'user']],
    ['a passkey that verified the person', [passkey],             2, 'phr',  ['mfa', 'pop', 'user']],
    ['everything',                   [password, totp, recoveryCode, passkey], 2, 'phr', ['mfa', 'otp', 'pop', 'pwd', 'user']],
  ] as const;

  for (const [what, proofs, level, acr, amr] of cases) {
    test(`is level ${String(level)} (${acr ?? 'no acr'}) for ${what}`, () => {
      const { level: found, acr: foundAcr, amr: foundAmr } = assuranceOf(proofs, NOON);
      assert.deepEqual([found, foundAcr, foundAmr], [level, acr, amr]);
    });
  }

  test('counts proofs that were given while enrolling', () => {
    const proofs = [password, aProof('totp', { origin: 'enrollment' })];

    assert.equal(assuranceOf(proofs, NOON).level, 2);
  });

  test('dates from the oldest proof that it rests on', () => {
    const later = addSeconds(NOON, 60);

    assert.equal(assuranceOf([], NOON).authenticatedAt, null);
    assert.equal(assuranceOf([password], NOON).authenticatedAt, NOON);
    assert.equal(
      assuranceOf([password, aProof('totp', { at: later })], later).authenticatedAt,
      NOON,
    );
  });

  test('dates from the freshest way that reaches the level', () => {
    const later = addSeconds(NOON, 60);
    const proofs = [password, totp, aProof('webauthn', { at: later, isUserVerified: true })];

    assert.equal(assuranceOf(proofs, later).authenticatedAt, later);
  });

  test('does not let a fresh code lend its date to an old passkey', () => {
    const later = addSeconds(NOON, 3600);
    const proofs = [passkey, aProof('password', { at: later }), aProof('totp', { at: later })];

    const { acr, authenticatedAt } = assuranceOf(proofs, addSeconds(NOON, 3600));

    assert.deepEqual([acr, authenticatedAt], ['phr', NOON]);
  });

  test('gives nothing for proofs from the future', () => {
    const future = { at: addSeconds(NOON, clockSkewSeconds + 1) };
    const proofs = [aProof('password', future), aProof('totp', future)];

    assert.deepEqual(assuranceOf(proofs, NOON), {
      level: 0,
      acr: null,
      amr: [],
      authenticatedAt: null,
    });
    assert.equal(assuranceOf([password, aProof('totp', future)], NOON).level, 1);
  });
});

describe('isFromTheFuture', () => {
  test('allows for clocks that differ by a minute', () => {
    assert.equal(isFromTheFuture(addSeconds(NOON, clockSkewSeconds), NOON), false);
    assert.equal(isFromTheFuture(addSeconds(NOON, clockSkewSeconds) + 1, NOON), true);
  });
});

describe('assuranceShortfall', () => {
  const one = aRequirement({ level: 1 });
  const two = aRequirement({ level: 2 });
  const resistant = aRequirement({ isPhishingResistant: true });
  const onlyTotp = aRequirement({ methods: ['totp'] });
  const onlyKeys = aRequirement({ methods: ['webauthn'] });
  const oneByTotp = aRequirement({ level: 1, methods: ['totp'] });
  const oneResistant = aRequirement({ level: 1, isPhishingResistant: true });

  // prettier-ignore
  const cases = [
    // proved                     wanted        lacks
    [[],                          one,          'level-too-low'],
    [[password],                  one,          null],
    [[password],                  two,          'level-too-low'],
    [[totp],                      two,          'level-too-low'],
    [[totp, recoveryCode],        two,          'level-too-low'],
    [[password, totp],            two,          null],
    [[password, recoveryCode],    two,          null],
    [[passkey],                   two,          null],
    [[securityKey],               two,          'level-too-low'],
    [[password],                  resistant,    'level-too-low'],
    [[password, totp],            resistant,    'not-phishing-resistant'],
    [[password, recoveryCode],    resistant,    'not-phishing-resistant'],
    [[password, securityKey],     resistant,    null],
    [[passkey],                   resistant,    null],
    [[password],                  oneResistant, 'not-phishing-resistant'],
    [[securityKey],               oneResistant, null],
    [[password, totp],            onlyTotp,     null],
    [[password, recoveryCode],    onlyTotp,     'method-not-accepted'],
    [[passkey],                   onlyTotp,     'method-not-accepted'],
    [[password, totp],            onlyKeys,     'method-not-accepted'],
    [[password, totp, passkey],   onlyKeys,     null],
    [[password],                  oneByTotp,    'method-not-accepted'],
    [[totp],                      oneByTotp,    null],
  ] as const;

  for (const [proofs, requirement, shortfall] of cases) {
    const proved = proofs.map(({ method }) => method).join(' and ') || 'nothing';
    const wanted = JSON.stringify(requirement);
    test(`of ${proved} for ${wanted} is ${String(shortfall)}`, () => {
      assert.equal(assuranceShortfall(requirement, proofs, NOON), shortfall);
    });
  }
});

describe('freshness', () => {
  const recent = aRequirement({ withinSeconds: 300 });

  test('lasts to the very end of the window and not a millisecond longer', () => {
    const end = addSeconds(NOON, 300);

    assert.equal(assuranceShortfall(recent, [password, totp], end), null);
    assert.equal(assuranceShortfall(recent, [password, totp], end + 1), 'proof-too-old');
    assert.equal(assuranceShortfall(recent, [password, totp], addSeconds(end, 1)), 'proof-too-old');
  });

  test('needs every proof that the level rests on to be fresh', () => {
    const later = addSeconds(NOON, 301);
    const freshTotp = aProof('totp', { at: later });
    const freshPassword = aProof('password', { at: later });

    assert.equal(assuranceShortfall(recent, [password, freshTotp], later), 'proof-too-old');
    assert.equal(assuranceShortfall(recent, [freshPassword, totp], later), 'proof-too-old');
    assert.equal(assuranceShortfall(recent, [freshPassword, freshTotp], later), null);
  });

  test('is never given by enrolling', () => {
    const enrolled = aProof('totp', { origin: 'enrollment' });

    assert.equal(assuranceShortfall(recent, [password, enrolled], NOON), 'proof-too-old');
    assert.equal(assuranceShortfall(recent, [password, enrolled, totp], NOON), null);
  });

  test('must come by a method that is accepted', () => {
    const later = addSeconds(NOON, 301);
    const requirement = aRequirement({ withinSeconds: 300, isPhishingResistant: true });
    const proofs = [passkey, aProof('password', { at: later }), aProof('totp', { at: later })];

    assert.equal(assuranceShortfall(requirement, proofs, later), 'proof-too-old');
  });

  test('counts proofs of a clock that is a little ahead as given now', () => {
    const ahead = { at: addSeconds(NOON, clockSkewSeconds) };
    const proofs = [aProof('password', ahead), aProof('totp', ahead)];

    assert.equal(assuranceShortfall(recent, proofs, NOON), null);
  });

  test('does not come back when the clock goes back', () => {
    const before = addSeconds(NOON, -3600);

    assert.equal(assuranceShortfall(recent, [password, totp], before), 'level-too-low');
  });
});

describe('methodsThatWouldMeet', () => {
  const enrolled = ['totp', 'webauthn'] as const;

  test('are all that are enrolled where any method will do', () => {
    assert.deepEqual(methodsThatWouldMeet(aRequirement(), enrolled), enrolled);
  });

  test('are those that are accepted and resistant enough', () => {
    assert.deepEqual(methodsThatWouldMeet(aRequirement({ methods: ['totp'] }), enrolled), ['totp']);
    assert.deepEqual(methodsThatWouldMeet(aRequirement({ isPhishingResistant: true }), enrolled), [
      'webauthn',
    ]);
    const impossible = aRequirement({ isPhishingResistant: true, methods: ['totp'] });
    assert.deepEqual(methodsThatWouldMeet(impossible, enrolled), []);
  });
});

describe('what a trusted browser remembers', () => {
  const deviceId = 'dev_laptop' as DeviceId;
  const remembered = aProof('totp', { origin: 'remembered', deviceId });

  test('is a second factor beside a password that was given, and nothing by itself', () => {
    assert.equal(levelOf([password, remembered], NOON), 2);
    assert.equal(levelOf([remembered], NOON), 0);
    assert.equal(levelOf([remembered, recoveryCode], NOON), 1);
    assert.equal(levelOf([aProof('password', { origin: 'remembered' })], NOON), 0);
    const key = aProof('webauthn', { origin: 'remembered', isUserVerified: true });
    assert.equal(levelOf([key], NOON), 0);
  });

  test('meets level 2 where nothing more is asked, and nothing that asks for more', () => {
    const proofs = [password, remembered];
    const lack = (more: Parameters<typeof aRequirement>[0]) =>
      assuranceShortfall(aRequirement(more), proofs, NOON);

    assert.equal(lack({}), null);
    assert.equal(lack({ withinSeconds: 600 }), 'proof-too-old');
    assert.equal(lack({ methods: ['totp'] }), 'method-not-accepted');
    assert.equal(lack({ isPhishingResistant: true }), 'not-phishing-resistant');
  });

  test('is not told to upstreams', () => {
    assert.deepEqual(assuranceOf([password, remembered], NOON), assuranceOf([password], NOON));
  });

  test('names the browsers that a session rests on, unless it stands without them', () => {
    assert.deepEqual(devicesRestedOn([password, remembered], NOON), [deviceId]);
    assert.deepEqual(devicesRestedOn([password, totp, remembered], NOON), []);
    assert.deepEqual(devicesRestedOn([password], NOON), []);
    assert.deepEqual(
      devicesRestedOn([password, aProof('totp', { origin: 'remembered' })], NOON),
      [],
    );
  });
});

describe('withProof', () => {
  test('puts a newer proof in the place of the last of its kind', () => {
    const newer = aProof('totp', { at: NOON + 1 });

    assert.deepEqual(withProof([password, totp], newer), [password, newer]);
  });

  test('keeps an answer beside an enrollment', () => {
    const enrolled = aProof('totp', { origin: 'enrollment' });

    assert.deepEqual(withProof([enrolled], totp), [enrolled, totp]);
  });

  test('keeps a verified passkey beside a mere touch, in either order', () => {
    assert.deepEqual(withProof([passkey], securityKey), [passkey, securityKey]);
    assert.deepEqual(withProof([securityKey], passkey), [securityKey, passkey]);
    assert.deepEqual(
      withProof([securityKey], aProof('webauthn', { at: NOON + 1, isUserVerified: false })),
      [aProof('webauthn', { at: NOON + 1, isUserVerified: false })],
    );
  });
});
