/** Enrolling a passkey or security key. */

import type { SessionFacts } from '../../core/facts.ts';
import { idBytes, idFrom, type AuthenticatorId } from '../../core/ids.ts';
import { mustUseHardwareKey, tierOf } from '../../core/policy/mfa-policy.ts';
import { withProof } from '../../core/proofs.ts';
import type { EpochMs } from '../../core/time.ts';
import type { NewPasskey, PasskeyOptions } from '../../methods/method.ts';
import { CredentialTaken, type Stores, type User } from '../../stores/types.ts';
import { eventInSession } from '../audit-events.ts';
import { authenticatorNameIn, unusedName } from './authenticator-names.ts';
import { risenSession } from '../sign-in/challenge.ts';
import type { FlowContext, NewSession, Visit } from '../flow-context.ts';
import { holdUser } from '../hold-user.ts';
import { assertMayEnroll, noteEnrolled } from './may-enroll.ts';
import { assertPasskeysAreEnabled, doesPasskeyCount } from '../sign-in/prove-passkey.ts';
import { makeFirstCodes } from './recovery-codes.ts';
import { tell } from '../tell.ts';
import { issueChallenge, useUpChallenge } from '../sign-in/webauthn-challenge.ts';

/** The answer to a new passkey. `expired`: the page is to be shown anew. */
export type PasskeyEnrollmentAnswer =
  | {
      readonly ok: true;
      readonly session: NewSession;
      /** Recovery codes were made too and wait to be shown, this once. */
      readonly areCodesToShow: boolean;
    }
  | {
      readonly ok: false;
      readonly reason:
        | 'name-missing'
        | 'expired'
        | 'not-accepted'
        | 'model-not-allowed'
        | 'already-enrolled';
    };

/**
 * What the browser needs to make a passkey. Nothing is enrolled by it, and nothing is written.
 *
 * Throws the problem `policy-forbids` when passkeys are switched off, and `step-up-required` when
 * the person has something enrolled and has not freshly proved it.
 */
export async function beginPasskeyEnrollment(
  ctx: FlowContext,
  session: SessionFacts,
): Promise<{ readonly options: PasskeyOptions; readonly isHardwareNeeded: boolean }> {
  assertPasskeysAreEnabled(ctx);
  const existing = await ctx.stores.transaction(async (stores) => {
    const record = await holdUser(stores, session);
    await assertMayEnroll(ctx, stores, { session, record, now: ctx.clock.now() });
    const all = await stores.authenticators.listOfUser(session.principal.id);
    // One that does not count may be made anew: nobody could get past this page with it.
    return all.filter((authenticator) => doesPasskeyCount(ctx, record.user, authenticator));
  });
  const isHardwareNeeded = needsHardware(ctx, session.principal);
  const challenge = issueChallenge(ctx, { purpose: 'enroll', holder: session.lineage });
  const user = session.principal;
  const asked = { user, existing, challenge, isHardwareNeeded };
  return { options: await ctx.passkeys.enrollmentOptions(asked), isHardwareNeeded };
}

/**
 * Makes the passkey an authenticator when it fits the challenge that this session was given.
 * Throws as `beginPasskeyEnrollment` does.
 *
 * Security: who may enroll and what their tier asks for is asked again, under the held record.
 */
export async function finishPasskeyEnrollment(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  given: { readonly response: string; readonly name: string },
): Promise<PasskeyEnrollmentAnswer> {
  assertPasskeysAreEnabled(ctx);
  const name = authenticatorNameIn(given.name);
  if (name === null) return { ok: false, reason: 'name-missing' };
  const answer = await enroll(ctx, visit, session, { response: given.response, name });
  ctx.count('webauthn', answer.ok ? 'success' : 'failure');
  return answer;
}

async function enroll(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  { response, name }: { readonly response: string; readonly name: string },
): Promise<PasskeyEnrollmentAnswer> {
  const claims = ctx.passkeys.claimsOf(response);
  if (claims === null) return { ok: false, reason: 'not-accepted' };
  const { challenge } = claims;
  const binding = { purpose: 'enroll', holder: session.lineage } as const;
  if ((await useUpChallenge(ctx, challenge, binding)) !== 'used-up') {
    return { ok: false, reason: 'expired' };
  }
  return ctx.stores.transaction(async (stores): Promise<PasskeyEnrollmentAnswer> => {
    const record = await holdUser(stores, session);
    const now = ctx.clock.now();
    const { isFirst } = await assertMayEnroll(ctx, stores, { session, record, now });
    const isHardwareNeeded = needsHardware(ctx, record.user);
    const expected = { challenge, isHardwareNeeded, now };
    const check = await ctx.passkeys.checkEnrollment(response, expected);
    if (!check.ok) {
      ctx.log.info({ reason: check.reason, user: record.user.id }, 'a new passkey was refused');
      const isModel = check.reason === 'model-not-allowed';
      return { ok: false, reason: isModel ? 'model-not-allowed' : 'not-accepted' };
    }

    const id = idFrom('authenticator', ctx.random.bytes(idBytes));
    const given = await unusedName(stores, session, name);
    const enrolled = { id, name: given, passkey: check.passkey, user: record.user, now };
    if (!(await keep(ctx, stores, enrolled))) return { ok: false, reason: 'already-enrolled' };
    await noteEnrolled(stores, record.user);
    await recordEnrollment(ctx, stores, visit, session, enrolled);
    await tell(ctx, stores, record.user, {
      kind: 'authenticator-added',
      at: now,
      visit,
      details: { name: enrolled.name },
    });
    const areCodesToShow = await makeFirstCodes(ctx, stores, visit, session);
    const { isUserVerified, state } = check.passkey;
    const proof = {
      method: 'webauthn',
      at: now,
      origin: 'enrollment',
      authenticatorId: id,
      isUserVerified,
      ...(state.attestedModel === null ? {} : { attestedModel: state.attestedModel }),
      ...(isFirst ? { isFirst } : {}),
    } as const;
    const risen = risenSession(session, { proofs: withProof(session.proofs, proof) });
    return { ok: true, session: risen, areCodesToShow };
  });
}

interface Enrolled {
  readonly id: AuthenticatorId;
  readonly name: string;
  readonly passkey: NewPasskey;
  readonly user: User;
  readonly now: EpochMs;
}

async function keep(
  ctx: FlowContext,
  stores: Stores,
  { id, name, passkey, user, now }: Enrolled,
): Promise<boolean> {
  try {
    await stores.authenticators.create({
      id,
      userId: user.id,
      method: 'webauthn',
      name,
      sealedCredential: ctx.passkeys.seal(user.id, id, passkey.credential),
      lastStep: -1,
      passkey: passkey.state,
      createdAt: now,
      lastUsedAt: now,
    });
    return true;
  } catch (error) {
    if (error instanceof CredentialTaken) return false;
    throw error;
  }
}

async function recordEnrollment(
  ctx: FlowContext,
  stores: Stores,
  visit: Visit,
  session: SessionFacts,
  { id, name, passkey, now }: Enrolled,
): Promise<void> {
  if (!ctx.config.current().policy.mfa.audit.logsEnroll) return;
  const { aaguid } = passkey.credential;
  await stores.audit.append(
    eventInSession(visit, session, {
      at: now,
      type: 'authenticator.enrolled',
      severity: 'notice',
      details: {
        method: 'webauthn',
        authenticator: id,
        name,
        aaguid,
        model: ctx.passkeys.modelName({ aaguid }) ?? 'unknown',
        isAttested: passkey.state.attestedModel !== null,
      },
    }),
  );
}

function needsHardware(ctx: FlowContext, person: Pick<User, 'groups'>): boolean {
  const { policy } = ctx.config.current();
  return mustUseHardwareKey(tierOf(person, policy.tiers), policy);
}
