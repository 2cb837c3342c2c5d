/** A new set of recovery codes in place of another: what it costs, and how often it may be had. */

import { isFromTheFuture } from '../../core/assurance.ts';
import type { SessionFacts } from '../../core/facts.ts';
import { isMethodEnabled } from '../../core/policy/mfa-policy.ts';
import { Problem } from '../../core/problem.ts';
import { addSeconds, type EpochMs } from '../../core/time.ts';
import type { FlowContext, Visit } from '../flow-context.ts';
import { assertFreshPasskey, hasFreshProof } from '../fresh-proof.ts';
import { guessCode, type CodeRefusal } from '../sign-in/guess-code.ts';
import { guessOwnPassword } from '../sign-in/guess-own-password.ts';
import { heldFacts, holdUser } from '../hold-user.ts';
import { assertGuardIsMet } from '../enroll/may-enroll.ts';
import { makeRecoveryCodes } from '../enroll/recovery-codes.ts';

/** The answer to asking for a new set. */
export type RegenerationAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'invalid-credentials' }
  | CodeRefusal;

/**
 * Says whether a new set costs password and code. Not while none was ever confirmed and this
 * session has just enrolled or confirmed by a second factor: the person is in the middle of it.
 */
export async function isProofNeededForCodes(
  ctx: FlowContext,
  session: SessionFacts,
): Promise<boolean> {
  if (await ctx.stores.recoveryCodes.hasConfirmed(session.principal.id)) return true;
  return !isInTheMiddleOfIt(ctx, session, ctx.clock.now());
}

/**
 * Makes a new set, to be shown and confirmed. The code is one of the app or a recovery code; null
 * for somebody who has just used a passkey instead. The proof may be null only where none is
 * needed; throws the problem `step-up-required` elsewhere, `enrollment-required` while there is no
 * authenticator that codes could stand in for, `too-many-attempts` when sets are made one after
 * the other, `enrollment-link-required` while a reset's guard stands, and `policy-forbids` when
 * codes are switched off.
 */
export async function regenerateRecoveryCodes(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  proof: { readonly password: string; readonly code: string | null } | null,
): Promise<RegenerationAnswer> {
  if (!isMethodEnabled('recovery-code', ctx.config.current().policy.mfa)) {
    throw new Problem('policy-forbids', { detail: 'Recovery codes are switched off here.' });
  }
  if (proof === null) return regenerateInTheMiddleOfIt(ctx, visit, session);

  const { password, code } = proof;
  if (code === null) return regenerateWithPasskey(ctx, visit, session, password);

  const method = code.replace(/[\s-]/g, '').length > 8 ? 'recovery-code' : 'totp';
  const refusal = await guessOwnPassword(ctx, visit, session, { password, method });
  if (refusal !== null) return refusal;
  await assertWithinLimit(ctx, session);
  const guess = { method, code } as const;
  const answer = await guessCode(ctx, visit, session, guess, ({ stores, record, now }) => {
    assertGuardIsMet(session, record.user, now);
    return makeRecoveryCodes(ctx, stores, visit, session);
  });
  return answer.ok ? { ok: true } : answer;
}

async function regenerateWithPasskey(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  password: string,
): Promise<RegenerationAnswer> {
  const now = ctx.clock.now();
  assertFreshPasskey(ctx, session, now);
  const typed = { password, method: 'webauthn' } as const;
  const refusal = await guessOwnPassword(ctx, visit, session, typed);
  if (refusal !== null) return refusal;
  await assertWithinLimit(ctx, session);
  await ctx.stores.transaction(async (stores) => {
    const record = await holdUser(stores, session);
    if (record.enrolled.length === 0) throw new Problem('enrollment-required');
    assertFreshPasskey(ctx, heldFacts(session, record), now);
    assertGuardIsMet(session, record.user, now);
    await makeRecoveryCodes(ctx, stores, visit, session);
  });
  return { ok: true };
}

// Counted once the password was right: who guesses at it uses up nothing of its owner's.
async function assertWithinLimit(ctx: FlowContext, session: SessionFacts): Promise<void> {
  const limit = await ctx.limits.newRecoveryCodes(session.principal.id);
  if (limit.ok) return;
  const minutes = Math.ceil(limit.retryAfterSeconds / 60);
  throw new Problem('too-many-attempts', {
    detail: `You made new codes several times. Make the next ones in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`,
    retryAfterSeconds: limit.retryAfterSeconds,
  });
}

async function regenerateInTheMiddleOfIt(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
): Promise<RegenerationAnswer> {
  const now = ctx.clock.now();
  await assertWithinLimit(ctx, session);
  await ctx.stores.transaction(async (stores) => {
    const record = await holdUser(stores, session);
    if (record.enrolled.length === 0) throw new Problem('enrollment-required');
    assertGuardIsMet(session, record.user, now);
    const hasHadCodes = await stores.recoveryCodes.hasConfirmed(session.principal.id);
    if (hasHadCodes || !isInTheMiddleOfIt(ctx, session, now)) {
      throw new Problem('step-up-required', {
        detail: 'Type your password and a code to make new recovery codes.',
      });
    }
    await makeRecoveryCodes(ctx, stores, visit, session);
  });
  return { ok: true };
}

// Enrolling counts here, unlike for a step-up: the codes belong to what was just enrolled.
function isInTheMiddleOfIt(ctx: FlowContext, session: SessionFacts, now: EpochMs): boolean {
  const { stepUpWithinSeconds } = ctx.config.current().policy;
  const hasJustEnrolled = session.proofs.some(
    ({ origin, at }) =>
      origin === 'enrollment' &&
      !isFromTheFuture(at, now) &&
      now <= addSeconds(at, stepUpWithinSeconds),
  );
  return hasJustEnrolled || hasFreshProof(ctx, session, now);
}
