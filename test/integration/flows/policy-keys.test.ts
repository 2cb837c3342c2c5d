/** Each key of the policy file that flows obey: turn it over and see the difference. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { MfaPolicy } from '../../../src/core/policy/mfa-policy.ts';
import { Problem } from '../../../src/core/problem.ts';
import { answerChallenge } from '../../../src/flows/challenge.ts';
import { beginTotpEnrollment } from '../../../src/flows/enroll-totp.ts';
import { nextPage } from '../../../src/flows/next-page.ts';
import { resetMfa } from '../../../src/flows/users.ts';
import { aPolicy, anMfaPolicy } from '../../support/builders.ts';
import { openWorld, sure, visit, type World } from '../../support/flow-world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const under = (mfa: MfaPolicy) => {
  world.configure({ policy: aPolicy({ mfa }) });
};

const reset = () => resetMfa(world.ctx, { username: 'anna', reason: 'lost', ticket: 'T-1' });

/** Everything that can happen to somebody's second factor, as types of events. */
async function lifeOfAnna(): Promise<readonly string[]> {
  const { recoveryCodes } = await world.enrolledPerson('anna');
  const session = await world.signInBy('anna');
  const guess = { method: 'recovery-code', code: sure(recoveryCodes[0]) } as const;
  assert.equal((await answerChallenge(world.ctx, visit(), session, guess)).ok, true);
  assert.equal((await reset()).ok, true);
  return world.eventTypes();
}

describe('audit', () => {
  const switches = [
    ['logsEnroll', ['authenticator.enrolled']],
    ['logsRecoveryCodesGenerated', ['recovery-codes.generated', 'recovery-codes.confirmed']],
    ['logsRecoveryCodeUsed', ['recovery-code.used']],
    ['logsReset', ['reset.executed']],
  ] as const;

  test('keeps all of it while every switch is on', async () => {
    const types = await lifeOfAnna();

    for (const [, events] of switches) {
      for (const event of events) assert(types.includes(event), event);
    }
  });

  for (const [key, events] of switches) {
    test(`${key} switched off leaves out ${events.join(' and ')} and nothing else`, async () => {
      const all = await lifeOfAnna();
      await world.close();
      world = await openWorld();
      under(anMfaPolicy({ audit: { [key]: false } }));

      const fewer = await lifeOfAnna();

      const left: readonly string[] = events;
      assert.deepEqual(
        fewer,
        all.filter((type) => !left.includes(type)),
      );
    });
  }
});

describe('methods', () => {
  test('totp switched off cannot be enrolled and is asked of nobody', async () => {
    const { session } = await world.enrolledPerson('anna');
    const again = await world.signInBy('anna');
    assert.equal(nextPage(world.ctx, again), 'challenge');

    under(anMfaPolicy({ totp: { isEnabled: false, requiredForTiers: ['TIER3'] } }));

    assert.equal(nextPage(world.ctx, again), 'done');
    await assert.rejects(beginTotpEnrollment(world.ctx, session), Problem);
  });

  test('required_for_tiers obliges those tiers and no others', async () => {
    await world.addUser('tim', ['SEC-OPS']);
    await world.addUser('dan');
    const tim = await world.signInBy('tim');
    const dan = await world.signInBy('dan');
    assert.deepEqual([nextPage(world.ctx, tim), nextPage(world.ctx, dan)], ['done', 'done']);

    under(anMfaPolicy({ totp: { requiredForTiers: ['TIER1'] } }));

    assert.deepEqual([nextPage(world.ctx, tim), nextPage(world.ctx, dan)], ['enroll', 'done']);
  });

  test('mfa.enabled switched off obliges nobody', async () => {
    await world.addUser('tim', ['SEC-OPS']);
    const tim = await world.signInBy('tim');

    under(anMfaPolicy({ isEnabled: false, totp: { requiredForTiers: ['TIER1'] } }));

    assert.equal(nextPage(world.ctx, tim), 'done');
  });
});

describe('reset_policy', () => {
  test('severity is that of the event', async () => {
    await world.addUser('anna');
    under(anMfaPolicy({ reset: { severity: 'notice' } }));

    await reset();

    assert.equal((await world.events()).at(-1)?.severity, 'notice');
  });

  test('switched off refuses, and nothing is reset', async () => {
    const { session } = await world.enrolledPerson('anna');
    under(anMfaPolicy({ reset: { isEnabled: false } }));

    const answer = await reset();

    assert.equal(answer.ok ? '' : answer.reason, 'policy-forbids');
    assert.deepEqual(sure(await world.recall(session.key)).enrolled, ['totp']);
  });
});
