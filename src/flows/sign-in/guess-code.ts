/**
 * Somebody types a code of a second factor. Every pathway comes through here: there is one counter
 * for each account, whatever the method and the page.
 */

import { lockedForGood } from '../../core/attempts.ts';
import type { SessionFacts } from '../../core/facts.ts';
import { isMethodEnabled } from '../../core/policy/mfa-policy.ts';
import { Problem } from '../../core/problem.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Stores } from '../../stores/types.ts';
import { eventInSession } from '../audit-events.ts';
import type { AcceptedAnswer } from './complete-sign-in.ts';
import type { FlowContext, Visit } from '../flow-context.ts';
import { holdUser } from '../hold-user.ts';
import { recordRecoveryCodeUse } from './recovery-code-use.ts';
import { tellSparingly } from '../tell.ts';

/** A code as it was typed. */
export interface CodeGuess {
  readonly method: 'totp' | 'recovery-code';
  readonly code: string;
}

/** Why a code was not accepted. */
export type CodeRefusal =
  | {
      readonly ok: false;
      readonly reason: 'wrong-code' | 'code-already-used';
      /** How many more may be wrong before codes are paused. */
      readonly failuresLeft: number;
    }
  | { readonly ok: false; readonly reason: 'locked'; readonly lockedUntil: EpochMs };

/**
 * Checks a code; when it is right, does what it was typed for in the same transaction.
 *
 * The guess is counted before it is looked at and outside of the transaction, so that parallel
 * guesses cannot outrun the counter and a failing transaction does not give one back (security
 * F32). Using the code up, forgetting the failures, `accept` and the audit events stand or fall
 * together: a code may be lost to a crash, it never works twice (F27, F28).
 */
export async function guessCode<Value>(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  guess: CodeGuess,
  accept: (accepted: AcceptedAnswer) => Promise<Value>,
): Promise<{ readonly ok: true; readonly value: Value } | CodeRefusal> {
  const { policy, lockout } = ctx.config.current();
  if (!isMethodEnabled(guess.method, policy.mfa)) {
    throw new Problem('policy-forbids', { detail: 'This way of confirming is switched off here.' });
  }
  const user = session.principal.id;
  const now = ctx.clock.now();
  const reservation = await ctx.stores.attempts.reserve(user, lockout, now);
  if (!reservation.ok) {
    ctx.count(guess.method, 'locked');
    return { ok: false, reason: 'locked', lockedUntil: reservation.lockedUntil };
  }

  const outcome = await ctx.stores.transaction(async (stores) => {
    const record = await holdUser(stores, session);
    const factor = ctx.codeFactors[guess.method];
    const verification = await factor.verify(stores, user, guess.code, now);
    if (verification.ok) {
      const { proof } = verification;
      await stores.attempts.reset(user);
      if (guess.method === 'recovery-code') {
        await recordRecoveryCodeUse(ctx, stores, { visit, session, now });
      }
      return { ok: true, value: await accept({ stores, record, proof, now }) } as const;
    }
    const { failuresLeft } = reservation;
    const { reason } = verification;
    await recordFailure(stores, { visit, session, guess, now, reason, failuresLeft });
    // The last guess allowed has locked the account when it was counted. A right code that
    // arrived together with it may have lifted the lock again.
    const lockedUntil = failuresLeft === 0 ? await stores.attempts.lockedUntil(user, now) : null;
    if (lockedUntil !== null) {
      await recordLock(ctx, stores, { visit, session, guess, now, lockedUntil });
      return { ok: false, reason: 'locked', lockedUntil } as const;
    }
    // Whoever types codes knows the password: there is no other way here (ASVS 5.0 §6.3.5). A code
    // that was used already is mostly a second click.
    if (reason === 'wrong-code') {
      const news = { kind: 'second-factor-failed', at: now, visit } as const;
      await tellSparingly(ctx, stores, session.principal, news);
    }
    return { ok: false, reason, failuresLeft } as const;
  });
  ctx.count(guess.method, outcome.ok ? 'success' : 'failure');
  return outcome;
}

interface Guessed {
  readonly visit: Visit;
  readonly session: SessionFacts;
  readonly guess: CodeGuess;
  readonly now: EpochMs;
}

async function recordFailure(
  stores: Stores,
  failed: Guessed & { readonly reason: string; readonly failuresLeft: number },
): Promise<void> {
  const { visit, session, guess, now, reason, failuresLeft } = failed;
  await stores.audit.append(
    eventInSession(visit, session, {
      at: now,
      type: 'second-factor.failed',
      severity: 'warning',
      details: { method: guess.method, reason, failuresLeft },
    }),
  );
}

async function recordLock(
  ctx: FlowContext,
  stores: Stores,
  locked: Guessed & { readonly lockedUntil: EpochMs },
): Promise<void> {
  const { visit, session, guess, now, lockedUntil } = locked;
  await stores.audit.append(
    eventInSession(visit, session, {
      at: now,
      type: 'second-factor.locked',
      severity: 'high',
      details: { method: guess.method, lockedUntil },
    }),
  );
  const details = lockedUntil === lockedForGood ? {} : { until: lockedUntil };
  const news = { kind: 'second-factor-locked', at: now, visit, details } as const;
  await tellSparingly(ctx, stores, session.principal, news);
}
