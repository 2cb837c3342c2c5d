/**
 * Signing in for a token instead of a session: the same password, the same second factor, the same
 * limits, locks, events and mails as on the pages.
 *
 * No browser is remembered here, so that nothing stands in for the second factor.
 */

import { hash } from 'node:crypto';
import { clockSkewSeconds } from '../../core/assurance.ts';
import type { SessionFacts } from '../../core/facts.ts';
import { answersOf, enrollmentDue } from '../../core/policy/decide.ts';
import { Problem } from '../../core/problem.ts';
import type { MethodId } from '../../core/proofs.ts';
import { addSeconds, type EpochMs } from '../../core/time.ts';
import type { Stores } from '../../stores/types.ts';
import { eventInSession } from '../audit-events.ts';
import type { NewSession, Visit } from '../flow-context.ts';
import { nextPage } from '../next-page.ts';
import { risenSession } from '../sign-in/challenge.ts';
import { completeSignIn } from '../sign-in/complete-sign-in.ts';
import { type CodeGuess, type CodeRefusal, guessCode } from '../sign-in/guess-code.ts';
import { signIn, type SignInInput } from '../sign-in/sign-in.ts';
import {
  issueAccessToken,
  type IssuedToken,
  makeToken,
  newLineage,
  type TokenContext,
  tokenSession,
  type TokenSession,
} from './issue-token.ts';

/** What came of signing in. */
export type LogInAnswer =
  | {
      readonly ok: true;
      readonly outcome: 'complete';
      readonly issued: IssuedToken;
      /** After a recovery code: how many are left. */
      readonly recoveryCodesLeft: number | null;
    }
  | {
      readonly ok: true;
      /** The second factor is still to be answered, with a token that is good for that. */
      readonly outcome: 'challenge';
      readonly issued: IssuedToken;
      readonly methods: readonly MethodId[];
    }
  | {
      readonly ok: true;
      /** Nothing but enrolling is open, with a token that is good for that. */
      readonly outcome: 'enroll';
      readonly issued: IssuedToken;
      readonly missing: readonly MethodId[];
    }
  | { readonly ok: false; readonly reason: 'invalid-credentials' | 'account-disabled' }
  | CodeRefusal;

/**
 * Signs in by password, and by a code where one is given and asked for. Throws as `signIn` does, and
 * the problem `not-signed-in` when the account was changed meanwhile.
 */
export async function logIn(
  ctx: TokenContext,
  visit: Visit,
  typed: SignInInput & { readonly guess: CodeGuess | null },
): Promise<LogInAnswer> {
  const answer = await signIn(ctx, visit, typed);
  if (!answer.ok) return answer;
  const session = await tokenSession(ctx, answer.session);
  const { facts } = session;
  if (nextPage(ctx, facts) !== 'challenge') return outcomeOf(ctx, visit, session, null);
  if (typed.guess === null) {
    const methods = answersOf(facts, ctx.config.current().policy);
    const issued = await makeToken(ctx, 'mfa', session);
    return { ok: true, outcome: 'challenge', issued, methods };
  }
  return answerWith(ctx, visit, facts, { guess: typed.guess, useUp: null });
}

/** An `mfa` token as it came back. */
export interface MfaTokenHolder {
  readonly id: string;
  readonly expiresAt: EpochMs;
  readonly session: SessionFacts;
}

/**
 * Answers the second factor for the holder of an `mfa` token. The token works once: a right code
 * uses it up in its own transaction, before it counts. A wrong one leaves it, and is counted with
 * all other guesses at the account. Throws the problem `invalid-token` for one that was used.
 */
export async function answerMfa(
  ctx: TokenContext,
  visit: Visit,
  holder: MfaTokenHolder,
  guess: CodeGuess,
): Promise<LogInAnswer> {
  return answerWith(ctx, visit, holder.session, { guess, useUp: holder });
}

async function answerWith(
  ctx: TokenContext,
  visit: Visit,
  session: SessionFacts,
  { guess, useUp }: { readonly guess: CodeGuess; readonly useUp: MfaTokenHolder | null },
): Promise<LogInAnswer> {
  const answer = await guessCode(ctx, visit, session, guess, async (accepted) => {
    if (useUp !== null) await useUpToken(accepted.stores, useUp);
    const proofs = await completeSignIn(ctx, visit, session, accepted, { trustsDevice: false });
    const left = await accepted.stores.recoveryCodes.countLeft(session.principal.id);
    return { proofs, left };
  });
  if (!answer.ok) return answer;
  const { proofs, left } = answer.value;
  const next: NewSession = {
    ...risenSession(session, { proofs }),
    // A line of its own: that of the token before ended with it.
    lineage: newLineage(ctx.random),
  };
  const codesLeft = guess.method === 'recovery-code' ? left : null;
  return outcomeOf(ctx, visit, await tokenSession(ctx, next), codesLeft);
}

/**
 * Uses the token up and ends its line, so that it is refused from now on before any code is looked
 * at. Of two answers that arrive together, on whatever instance, one gets past the first line.
 */
async function useUpToken(
  stores: Stores,
  { id, expiresAt, session }: MfaTokenHolder,
): Promise<void> {
  // The clock of another instance may lag behind ours; it must still find it used.
  const keptUntil = addSeconds(expiresAt, clockSkewSeconds);
  const isFirst = await stores.usedChallenges.consume(hash('sha256', `token ${id}`), keptUntil);
  if (!isFirst) throw new Problem('invalid-token', { detail: 'This token was used before.' });
  await stores.revokedSessions.add(session.lineage, keptUntil);
}

async function outcomeOf(
  ctx: TokenContext,
  visit: Visit,
  session: TokenSession,
  recoveryCodesLeft: number | null,
): Promise<LogInAnswer> {
  const { facts } = session;
  if (nextPage(ctx, facts) === 'done') {
    const issued = await issueAccessToken(ctx, visit, session);
    return { ok: true, outcome: 'complete', issued, recoveryCodesLeft };
  }
  const now = ctx.clock.now();
  const missing = enrollmentDue(facts, ctx.config.current().policy, now)?.missing ?? [];
  await ctx.stores.audit.append(
    eventInSession(visit, facts, {
      at: now,
      type: 'token.refused',
      severity: 'notice',
      details: { reason: 'enrollment-required', missing },
    }),
  );
  const issued = await makeToken(ctx, 'enrollment', session);
  return { ok: true, outcome: 'enroll', issued, missing };
}
