/** V3: codes of an authenticator app work for TIER0, TIER1 and whoever must have one; others do not. */

import type { Config } from '../../../config/config.ts';
import type { SessionFacts } from '../../../core/facts.ts';
import { tiers, type Tier } from '../../../core/policy/mfa-policy.ts';
import { beginTotpEnrollment, finishTotpEnrollment } from '../../enroll/enroll-totp.ts';
import { answerChallenge } from '../../sign-in/challenge.ts';
import type { Verification } from '../report.ts';
import { nextCode, newApp, oldCode, wrongCode, type App } from '../run/app-codes.ts';
import { enrollApp, rise, signInByPassword, type ThrowAway } from '../run/person.ts';
import type { Run } from '../run/run.ts';
import { withPeople } from '../run/throw-away.ts';
import { verify, type Seen, type Verifying } from '../run/verifying.ts';
import { eventsOf } from './events.ts';
import { groupsOfTier, nobodyOf, tiersRequiring } from './tiers-here.ts';

const title = 'TOTP works for TIER1 and above, and wrong codes are refused.';

/** Somebody of a tier, with an app. */
interface Owner {
  readonly tier: Tier;
  readonly person: ThrowAway;
  readonly app: App;
}

/** One person of each tier; all go through each step before the next, so that waits are shared. */
export async function verifyAppCodes(run: Run): Promise<Verification> {
  return verify('V3', title, run, async (v) => {
    const { config } = run;
    const otherwise = whatThePolicySays(config);
    if (otherwise !== null) {
      v.skip({ what: title }, otherwise);
      return;
    }
    const wanted: readonly Tier[] = ['TIER0', 'TIER1', ...tiersRequiring(config, 'totp')];
    const tried = tiers.filter((tier) => wanted.includes(tier));
    const here = tried.filter((tier) => groupsOfTier(config, tier) !== null);
    for (const tier of tried.filter((one) => !here.includes(one))) {
      v.skip({ what: `TOTP works for ${tier}.` }, nobodyOf(tier));
    }
    await withPeople(
      run,
      here.map((tier) => groupsOfTier(config, tier) ?? []),
      async (people) => {
        const owners: Owner[] = [];
        for (const [at, person] of people.entries()) {
          const tier = here[at];
          if (tier !== undefined)
            owners.push({ tier, person, app: await tryEnrolling(v, run, person, tier) });
        }
        for (const owner of owners) await tryCodes(v, run, owner);
        for (const owner of owners) await tryLock(v, run, owner);
      },
    );
  });
}

async function tryEnrolling(v: Verifying, run: Run, person: ThrowAway, tier: Tier): Promise<App> {
  await v.check(
    {
      what: `${tier}: a wrong first code enrolls no app.`,
      how: 'A throw-away person signs in by password, is shown a secret, and types a code that it does not make.',
      expected: 'Refused as wrong-code.',
    },
    async () => {
      const session = await signInByPassword(run, person);
      const { secret } = await beginTotpEnrollment(run.ctx, session);
      run.secrets.add('a TOTP secret', secret);
      const code = wrongCode(run, newApp(secret, run.config.totp));
      const answer = await finishTotpEnrollment(run.ctx, run.visit(), session, { code });
      return refusedAs('wrong-code', answer.ok ? 'accepted' : answer.reason);
    },
  );
  return v.need(
    {
      what: `${tier}: an authenticator app can be enrolled.`,
      how: 'The person signs in by password, is shown a secret, and types the code that it makes by RFC 6238, computed without the library that checks it.',
      expected: 'Accepted.',
    },
    async () => {
      await enrollApp(run, person, await signInByPassword(run, person));
      return { passed: person.app !== null, seen: 'Accepted.', value: person.app };
    },
  );
}

async function tryCodes(v: Verifying, run: Run, { tier, person, app }: Owner): Promise<void> {
  let right = '';
  await v.need(
    {
      what: `${tier}: the right code passes.`,
      how: 'A new sign-in by password, and the code that the app shows.',
      expected: 'Signed in with two factors.',
    },
    async () => {
      const session = await signInByPassword(run, person);
      right = await nextCode(run, app);
      const answer = await typed(run, session, right);
      if (!answer.ok) return { passed: false, seen: `Refused: ${answer.reason}.`, value: null };
      const value = await rise(run, answer.session, session);
      const passed = value.proofs.some(
        ({ method, origin }) => method === 'totp' && origin === 'answer',
      );
      return { passed, seen: passed ? 'Signed in.' : 'No proof came of it.', value };
    },
  );
  // prettier-ignore
  const others: readonly (readonly [what: string, how: string, code: () => string, reason: string])[] = [
    ['a code that was used is refused', 'Another sign-in by password, and the same code again.', () => right, 'code-already-used'],
    ['a wrong code is refused', 'Another sign-in by password, and a code that the app shows at no time near to now.', () => wrongCode(run, app), 'wrong-code'],
    ['an old code is refused', `Another sign-in by password, and a code whose time is over by more than the ${String(app.window)} periods that are borne.`, () => oldCode(run, app), 'wrong-code'],
  ];
  for (const [what, how, code, reason] of others) {
    await v.check(
      { what: `${tier}: ${what}.`, how, expected: `Refused as ${reason}.` },
      async () => {
        // Each by itself: of few guesses that are allowed, none is taken from the next check.
        await run.ctx.stores.attempts.reset(person.user.id);
        const answer = await typed(run, await signInByPassword(run, person), code());
        if (answer.ok) return { passed: false, seen: 'Accepted.' };
        // Where one wrong code locks, that is the answer to it.
        const locks = run.config.lockout.failuresMax === 1 && answer.reason === 'locked';
        return locks
          ? { passed: true, seen: 'Refused, and locked.' }
          : refusedAs(reason, answer.reason);
      },
    );
  }
}

async function tryLock(v: Verifying, run: Run, { tier, person, app }: Owner): Promise<void> {
  const { lockout } = run.config;
  const times = String(lockout.failuresMax);
  await v.check(
    {
      what: `${tier}: after ${times} wrong codes the right one is refused too.`,
      how: `Beginning at none, ${times} wrong codes in a row (policy.lockout.failures); then the code that the app shows, which was not used.`,
      expected:
        'The last wrong code locks, the right code is refused as locked, and the trail has second-factor.locked of severity high.',
    },
    async () => {
      await run.ctx.stores.attempts.reset(person.user.id);
      const session = await signInByPassword(run, person);
      const answers: string[] = [];
      for (let tries = 0; tries < lockout.failuresMax; tries += 1) {
        const answer = await typed(run, session, wrongCode(run, app, tries));
        answers.push(answer.ok ? 'accepted' : answer.reason);
      }
      const right = await typed(run, session, await nextCode(run, app));
      const last = right.ok ? 'accepted' : right.reason;
      const locks = await eventsOf(run, person, 'second-factor.locked');
      const isLocked =
        answers.slice(0, -1).every((reason) => reason === 'wrong-code') &&
        answers.at(-1) === 'locked' &&
        last === 'locked';
      return {
        passed: isLocked && locks.some(({ severity }) => severity === 'high'),
        seen: `Wrong codes: ${answers.join(', ')}. The right code: ${last}. Events second-factor.locked: ${String(locks.length)}.`,
      };
    },
  );
}

function typed(run: Run, session: SessionFacts, code: string) {
  return answerChallenge(run.ctx, run.visit(), session, { method: 'totp', code });
}

function refusedAs(expected: string, seen: string): Seen {
  return {
    passed: seen === expected,
    seen: seen === 'accepted' ? 'Accepted.' : `Refused: ${seen}.`,
  };
}

/** Null where apps can be used; else what the policy says instead. */
function whatThePolicySays({ local, policy }: Config): string | null {
  if (!local.isEnabled) return 'Nobody signs in here by password (identity.local.enabled: false).';
  return policy.mfa.methods.totp.isEnabled
    ? null
    : 'The policy switches authenticator apps off (mfa.methods.totp.enabled: false).';
}
