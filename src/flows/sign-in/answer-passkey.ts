/** A passkey as the second step of a sign-in, and again inside a live session. */

import type { SessionFacts } from '../../core/facts.ts';
import { isMethodEnabled } from '../../core/policy/mfa-policy.ts';
import { type Proof, withProof } from '../../core/proofs.ts';
import type { PasskeyOptions } from '../../methods/method.ts';
import { eventInSession, methodsOf } from '../audit-events.ts';
import { risenSession } from './challenge.ts';
import { completeSignIn } from './complete-sign-in.ts';
import type { FlowContext, NewSession, Visit } from '../flow-context.ts';
import { guessOwnPassword } from './guess-own-password.ts';
import {
  assertPasskeysAreEnabled,
  passkeysThatCount,
  provePasskey,
  type PasskeyAnswerRefusal,
  type PasskeyOutcome,
} from './prove-passkey.ts';
import { issueChallenge } from './webauthn-challenge.ts';

/** The answer to a challenge. */
export type PasskeyAnswer =
  | { readonly ok: true; readonly session: NewSession }
  | PasskeyAnswerRefusal;

/** The answer to a step-up. `password-needed`: the passkey verified nobody; ask for both. */
export type PasskeyStepUpAnswer =
  | PasskeyAnswer
  | { readonly ok: false; readonly reason: 'invalid-credentials' | 'password-needed' };

/**
 * What the browser needs to ask for one of the person's passkeys, with a challenge of its own each
 * time; null when they have none that counts, or passkeys are switched off.
 */
export async function beginPasskeyChallenge(
  ctx: FlowContext,
  session: SessionFacts,
  { userVerification }: { readonly userVerification: 'required' | 'preferred' },
): Promise<PasskeyOptions | null> {
  if (!isMethodEnabled('webauthn', ctx.config.current().policy.mfa)) return null;
  const allowed = await passkeysThatCount(ctx, ctx.stores, session.principal);
  if (allowed.length === 0) return null;
  const challenge = issueChallenge(ctx, { purpose: 'answer', holder: session.lineage });
  return ctx.passkeys.answerOptions({ allowed, challenge, userVerification });
}

/**
 * Checks the answer and completes the sign-in; the browser is trusted where that was asked for and
 * may be. Throws the problem `not-signed-in` when the session was ended meanwhile, and
 * `policy-forbids` where passkeys are switched off.
 */
export async function answerChallengeWithPasskey(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  response: string,
  { trustsDevice = false }: { readonly trustsDevice?: boolean } = {},
): Promise<PasskeyAnswer> {
  const given = { response, isUserVerificationNeeded: false };
  const answer = await provePasskey(ctx, visit, session, given, (accepted) =>
    completeSignIn(ctx, visit, session, accepted, { trustsDevice }),
  );
  return risen(session, answer);
}

/**
 * Dates the passkey anew, and the password beside it. A passkey that verified the person (PIN,
 * fingerprint) stands alone; one that was only touched needs the password too. A missing or wrong
 * password leaves the challenge unused.
 *
 * Throws as `answerChallengeWithPasskey` does, and as `signIn` does about passwords.
 */
export async function stepUpWithPasskey(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  { response, password }: { readonly response: string; readonly password: string | null },
): Promise<PasskeyStepUpAnswer> {
  assertPasskeysAreEnabled(ctx);
  // What the response says of itself decides what is asked; what is signed decides what counts.
  const isAlone = ctx.passkeys.claimsOf(response)?.isUserVerified ?? false;
  if (!isAlone) {
    if (password === null) return { ok: false, reason: 'password-needed' };
    const guess = { password, method: 'webauthn' } as const;
    const refusal = await guessOwnPassword(ctx, visit, session, guess);
    if (refusal !== null) return { ok: false, reason: 'invalid-credentials' };
  }

  const given = { response, isUserVerificationNeeded: isAlone };
  const answer = await provePasskey(ctx, visit, session, given, async ({ stores, proof, now }) => {
    const typed = { method: 'password', at: now, origin: 'answer' } as const;
    const fresh = isAlone ? [proof] : [typed, proof];
    await stores.audit.append(
      eventInSession(visit, session, {
        at: now,
        type: 'session.stepped-up',
        severity: 'info',
        details: { methods: methodsOf(fresh) },
      }),
    );
    return fresh.reduce(withProof, session.proofs);
  });
  return risen(session, answer);
}

function risen(session: SessionFacts, answer: PasskeyOutcome<readonly Proof[]>): PasskeyAnswer {
  if (!answer.ok) return answer;
  return { ok: true, session: risenSession(session, { proofs: answer.value }) };
}
