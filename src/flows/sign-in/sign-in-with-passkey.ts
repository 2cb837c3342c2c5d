/** Signing in with a passkey alone: no name, no password, the person verified by their device. */

import { isMethodEnabled } from '../../core/policy/mfa-policy.ts';
import { Problem } from '../../core/problem.ts';
import type { UserId } from '../../core/ids.ts';
import type { EpochMs } from '../../core/time.ts';
import type { PasskeyClaims, PasskeyOptions } from '../../methods/method.ts';
import type { Authenticator, Stores, User } from '../../stores/types.ts';
import { eventAtSignIn } from '../audit-events.ts';
import { noteSignIn } from './devices.ts';
import type { FlowContext, NewSession, Visit } from '../flow-context.ts';
import {
  assertPasskeysAreEnabled,
  detailsOf,
  doesPasskeyCount,
  severityOf,
} from './prove-passkey.ts';
import { issueChallenge, useUpChallenge } from './webauthn-challenge.ts';

/** The answer to a passkey alone. */
export type PasskeySignInAnswer =
  | { readonly ok: true; readonly session: NewSession }
  | { readonly ok: false; readonly reason: 'not-accepted' | 'expired' | 'account-disabled' };

/**
 * What the browser needs to offer its passkeys for us; null where passkeys or local users are
 * switched off. `browser` is what ties the answer to this browser: the value of its form cookie.
 */
export async function beginPasskeySignIn(
  ctx: FlowContext,
  browser: string,
): Promise<PasskeyOptions | null> {
  const { policy, local } = ctx.config.current();
  if (!local.isEnabled || !isMethodEnabled('webauthn', policy.mfa)) return null;
  const challenge = issueChallenge(ctx, { purpose: 'sign-in', holder: browser });
  return ctx.passkeys.answerOptions({ allowed: null, challenge, userVerification: 'required' });
}

/**
 * Signs in whoever the passkey belongs to. That an account is disabled is told only to who holds
 * its passkey. Throws the problem `policy-forbids` where this way is switched off.
 *
 * Security: an unknown passkey, one of a service and a wrong signature take the same way to the
 * same answer.
 */
export async function signInWithPasskey(
  ctx: FlowContext,
  visit: Visit,
  { response, browser }: { readonly response: string; readonly browser: string },
): Promise<PasskeySignInAnswer> {
  assertPasskeysAreEnabled(ctx);
  if (!ctx.config.current().local.isEnabled) {
    throw new Problem('policy-forbids', { detail: 'Signing in here is switched off.' });
  }
  const claims = ctx.passkeys.claimsOf(response);
  const binding = { purpose: 'sign-in', holder: browser } as const;
  const use = claims && (await useUpChallenge(ctx, claims.challenge, binding));
  if (claims === null || use !== 'used-up') {
    ctx.count('webauthn', 'failure');
    // One that comes back may have been overheard. Others anybody can make up, and fill the log.
    if (claims !== null && use === 'used-before') await recordReplay(ctx, visit, claims);
    return { ok: false, reason: claims === null ? 'not-accepted' : 'expired' };
  }

  const outcome = await ctx.stores.transaction(async (stores): Promise<PasskeySignInAnswer> => {
    const { authenticator, user } = await findHolder(stores, claims.credentialId);
    const now = ctx.clock.now();
    const refuse = async (why: string) => {
      await recordFailure(stores, { visit, user, now, why, authenticator });
      return { ok: false, reason: 'not-accepted' } as const;
    };
    const check = await ctx.passkeys.checkAnswer(stores, response, {
      authenticator,
      challenge: claims.challenge,
      isUserVerificationNeeded: true,
      isUserHandleNeeded: true,
      now,
    });
    if (authenticator === null || user === null) return refuse('unknown-passkey');
    if (!check.ok) return refuse(check.reason);
    if (!doesPasskeyCount(ctx, user, authenticator)) return refuse('model-not-allowed');
    if (user.isDisabled) {
      await refuse('account-disabled');
      return { ok: false, reason: 'account-disabled' };
    }

    await noteSignIn(ctx, stores, visit, user, now);
    await stores.audit.append(
      eventAtSignIn(visit, user, {
        at: now,
        type: 'session.signed-in',
        severity: 'info',
        details: { methods: ['webauthn'] },
      }),
    );
    const { id, sessionEpoch } = user;
    const proofs = [check.proof];
    return {
      ok: true,
      session: { userId: id, sessionEpoch, lineage: null, proofs, createdAt: now },
    };
  });
  ctx.count('webauthn', outcome.ok ? 'success' : 'failure');
  return outcome;
}

/** An id that nobody has: asking the store for it takes as long as asking for a real one. */
const nobody = 'usr_' as UserId;

interface Holder {
  readonly authenticator: Authenticator | null;
  readonly user: User | null;
}

// Held while the answer is checked, and read again then: it may be removed in this moment.
async function findHolder(stores: Stores, credentialId: string): Promise<Holder> {
  const found = await stores.authenticators.findByCredentialId(credentialId);
  const user = await stores.users.lock(found?.userId ?? nobody);
  const authenticator = await stores.authenticators.findByCredentialId(credentialId);
  // Services have no passkeys; one that was made theirs by hand is as good as unknown.
  const isTheirs = user?.kind === 'user' && authenticator?.userId === user.id;
  return isTheirs ? { authenticator, user } : { authenticator: null, user: null };
}

async function recordReplay(
  ctx: FlowContext,
  visit: Visit,
  { credentialId }: PasskeyClaims,
): Promise<void> {
  await ctx.stores.transaction(async (stores) => {
    const holder = await findHolder(stores, credentialId);
    const why = 'challenge-used-before';
    await recordFailure(stores, { ...holder, visit, now: ctx.clock.now(), why });
  });
}

async function recordFailure(
  stores: Stores,
  failed: Holder & { readonly visit: Visit; readonly now: EpochMs; readonly why: string },
): Promise<void> {
  const { visit, user, now, why, authenticator } = failed;
  const severity = severityOf(why);
  await stores.audit.append(
    eventAtSignIn(visit, user, {
      at: now,
      type: severity === 'high' ? 'second-factor.failed' : 'session.sign-in-failed',
      severity,
      details: detailsOf(why, authenticator),
    }),
  );
}
