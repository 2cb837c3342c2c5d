/** Somebody who is signed in answers with a passkey. Every page comes through here. */

import type { Principal, SessionFacts } from '../../core/facts.ts';
import { doesModelCount, isMethodEnabled } from '../../core/policy/mfa-policy.ts';
import { Problem } from '../../core/problem.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Authenticator, Stores } from '../../stores/types.ts';
import { eventInSession } from '../audit-events.ts';
import type { AcceptedAnswer } from './complete-sign-in.ts';
import type { FlowContext, Visit } from '../flow-context.ts';
import { holdUser } from '../hold-user.ts';
import { tellSparingly } from '../tell.ts';
import { useUpChallenge } from './webauthn-challenge.ts';

/** Why an answer was not accepted. `expired`: the page is to be shown anew. */
export interface PasskeyAnswerRefusal {
  readonly ok: false;
  readonly reason: 'not-accepted' | 'expired';
}

/** What came of an answer: when it was accepted, what was made of it. */
export type PasskeyOutcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | PasskeyAnswerRefusal;

/** Throws the problem `policy-forbids` where passkeys are switched off. */
export function assertPasskeysAreEnabled(ctx: Pick<FlowContext, 'config'>): void {
  if (isMethodEnabled('webauthn', ctx.config.current().policy.mfa)) return;
  throw new Problem('policy-forbids', { detail: 'Passkeys are switched off here.' });
}

/** Says whether an authenticator is a passkey that counts for a person. */
export function doesPasskeyCount(
  ctx: Pick<FlowContext, 'config'>,
  person: Pick<Principal, 'groups'>,
  { passkey }: Pick<Authenticator, 'passkey'>,
): boolean {
  const { policy } = ctx.config.current();
  return passkey !== null && doesModelCount(person, passkey.attestedModel, policy);
}

/** A person's passkeys that count, in the order they were enrolled. */
export async function passkeysThatCount(
  ctx: Pick<FlowContext, 'config'>,
  stores: Stores,
  person: Pick<Principal, 'id' | 'groups'>,
): Promise<readonly Authenticator[]> {
  const all = await stores.authenticators.listOfUser(person.id);
  return all.filter((authenticator) => doesPasskeyCount(ctx, person, authenticator));
}

/**
 * Checks an answer; when it is right, does what it was given for in the same transaction.
 *
 * The challenge is used up first, outside of the transaction, so that no failure gives it back.
 * Writing the use, `accept` and the audit events stand or fall together. Passkeys cannot be
 * guessed: nothing is counted, and they go on working while codes are paused (security G7).
 */
export async function provePasskey<Value>(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  answer: { readonly response: string; readonly isUserVerificationNeeded: boolean },
  accept: (accepted: AcceptedAnswer) => Promise<Value>,
): Promise<PasskeyOutcome<Value>> {
  assertPasskeysAreEnabled(ctx);
  const { response, isUserVerificationNeeded } = answer;
  const claims = ctx.passkeys.claimsOf(response);
  const binding = { purpose: 'answer', holder: session.lineage } as const;
  const use = claims === null ? null : await useUpChallenge(ctx, claims.challenge, binding);

  const outcome = await ctx.stores.transaction(async (stores) => {
    const record = await holdUser(stores, session);
    const now = ctx.clock.now();
    const refuse = async (why: string, authenticator: Authenticator | null = null) => {
      await recordFailure(stores, { visit, session, now, why, authenticator });
      // Whoever is asked for a passkey has shown something else before (ASVS 5.0 §6.3.5).
      await tellSparingly(ctx, stores, record.user, {
        kind: 'second-factor-failed',
        at: now,
        visit,
      });
      return { ok: false, reason: 'not-accepted' } as const;
    };

    if (claims === null || use === null) return refuse('unreadable');
    if (use !== 'used-up') {
      // Mostly somebody who took long or clicked twice; but one may have been overheard.
      const why = `challenge-${use}`;
      const seen = { visit, session, now, why, authenticator: null };
      if (use !== 'expired') await recordFailure(stores, seen);
      return { ok: false, reason: 'expired' } as const;
    }
    const found = await stores.authenticators.findByCredentialId(claims.credentialId);
    if (found === null || found.userId !== record.user.id) return refuse('unknown-passkey');
    if (!doesPasskeyCount(ctx, record.user, found)) return refuse('model-not-allowed', found);

    const check = await ctx.passkeys.checkAnswer(stores, response, {
      authenticator: found,
      challenge: claims.challenge,
      isUserVerificationNeeded,
      isUserHandleNeeded: false,
      now,
    });
    if (!check.ok) return refuse(check.reason, found);
    return { ok: true, value: await accept({ stores, record, proof: check.proof, now }) } as const;
  });
  ctx.count('webauthn', outcome.ok ? 'success' : 'failure');
  return outcome;
}

async function recordFailure(
  stores: Stores,
  failed: {
    readonly visit: Visit;
    readonly session: SessionFacts;
    readonly now: EpochMs;
    readonly why: string;
    readonly authenticator: Authenticator | null;
  },
): Promise<void> {
  const { visit, session, now, why, authenticator } = failed;
  await stores.audit.append(
    eventInSession(visit, session, {
      at: now,
      type: 'second-factor.failed',
      severity: severityOf(why),
      details: detailsOf(why, authenticator),
    }),
  );
}

/**
 * A counter that went back says that there are two of one key (WebAuthn L3 §6.1.1): somebody has
 * made a copy, or the key lost its memory. Either way somebody should look.
 */
export function severityOf(why: string): 'warning' | 'high' {
  return why === 'counter-went-back' ? 'high' : 'warning';
}

/** What is written of a passkey that was not accepted. */
export function detailsOf(
  why: string,
  authenticator: Pick<Authenticator, 'id'> | null,
): Readonly<Record<string, string>> {
  const details = { method: 'webauthn', reason: why };
  return authenticator === null ? details : { ...details, authenticator: authenticator.id };
}
