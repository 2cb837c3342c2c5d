/** Enrolling an authenticator app: a secret to scan, and the first code it makes. */

import type { SessionFacts } from '../../core/facts.ts';
import { idBytes, idFrom, type AuthenticatorId, type ChallengeId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { withProof } from '../../core/proofs.ts';
import { challengeRow } from '../../core/sealed-rows.ts';
import { addSeconds, type EpochMs } from '../../core/time.ts';
import type { PendingTotp, TotpCredential } from '../../methods/method.ts';
import type { Stores } from '../../stores/types.ts';
import { eventInSession } from '../audit-events.ts';
import { authenticatorNameIn, unusedName } from './authenticator-names.ts';
import { risenSession } from '../sign-in/challenge.ts';
import type { FlowContext, NewSession, Visit } from '../flow-context.ts';
import { holdUser } from '../hold-user.ts';
import { assertMayEnroll, noteEnrolled } from './may-enroll.ts';
import { confirmShownCodes, makeFirstCodes } from './recovery-codes.ts';
import { tell } from '../tell.ts';

/** The answer to the first code. */
export type EnrollmentAnswer =
  | {
      readonly ok: true;
      readonly session: NewSession;
      /** Recovery codes were made too and wait to be shown, this once. */
      readonly areCodesToShow: boolean;
    }
  | { readonly ok: false; readonly reason: 'wrong-code' | 'expired' | 'name-not-printable' };

/** How long a secret that was shown waits for its first code. */
const pendingSeconds = 3600;

/** What an app is called when the person gives it no name. */
export const defaultAppName = 'Authenticator app';

/**
 * The secret to scan; the same one however often it is asked for within one session, and another
 * in every other session. Nothing is enrolled by it.
 *
 * Throws the problem `policy-forbids` when apps are switched off, and `step-up-required` when the
 * person has something enrolled and has not freshly proved it.
 */
export async function beginTotpEnrollment(
  ctx: FlowContext,
  session: SessionFacts,
): Promise<PendingTotp> {
  assertTotpIsEnabled(ctx);
  const now = ctx.clock.now();
  const credential = await ctx.stores.transaction(async (stores) => {
    const record = await holdUser(stores, session);
    await assertMayEnroll(ctx, stores, { session, record, now });
    const pending = await findPending(ctx, stores, { session, now });
    return pending ?? (await createPending(ctx, stores, { session, now }));
  });
  return ctx.totpEnrollment.present(session.principal, credential);
}

/**
 * Makes the app an authenticator when the code is right for the secret that this session was
 * shown. `expired`: this session has none that waits. Without a name it is called what apps are
 * called; a number tells it from another of that name. Throws as `beginTotpEnrollment` does.
 *
 * Security: whether something is enrolled already is asked again, under the held record: of two
 * browsers that enroll for somebody who has nothing, the second needs what the first enrolled.
 */
export async function finishTotpEnrollment(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  given: {
    readonly code: string;
    readonly name?: string;
    /** `shown-before`: the session was shown its codes with the secret; they are live with it. */
    readonly recoveryCodes?: 'shown-afterwards' | 'shown-before';
  },
): Promise<EnrollmentAnswer> {
  assertTotpIsEnabled(ctx);
  const wanted = (given.name ?? '').trim() === '' ? defaultAppName : (given.name ?? '');
  const name = authenticatorNameIn(wanted);
  if (name === null) return { ok: false, reason: 'name-not-printable' };
  const now = ctx.clock.now();
  const answer = await ctx.stores.transaction(async (stores): Promise<EnrollmentAnswer> => {
    const record = await holdUser(stores, session);
    const { isFirst } = await assertMayEnroll(ctx, stores, { session, record, now });
    const credential = await findPending(ctx, stores, { session, now });
    if (credential === null) return { ok: false, reason: 'expired' };

    const step = ctx.totpEnrollment.stepOf(credential, given.code, now);
    if (step === null) return { ok: false, reason: 'wrong-code' };
    const pending = await stores.challenges.consume('totp-enrollment', session.key, now);
    if (pending === null) return { ok: false, reason: 'expired' };

    const authenticatorId = idFrom('authenticator', ctx.random.bytes(idBytes));
    const enrolled = {
      session,
      authenticatorId,
      name: await unusedName(stores, session, name),
      now,
    };
    await enroll(ctx, stores, { ...enrolled, credential, step });
    await noteEnrolled(stores, record.user);
    await recordEnrollment(ctx, stores, visit, enrolled);
    await tell(ctx, stores, record.user, {
      kind: 'authenticator-added',
      at: now,
      visit,
      details: { name: enrolled.name },
    });
    const wereShown =
      given.recoveryCodes === 'shown-before' &&
      (await confirmShownCodes(ctx, stores, visit, { session, user: record.user }));
    const areCodesToShow = !wereShown && (await makeFirstCodes(ctx, stores, visit, session));
    const proof = {
      method: 'totp',
      at: now,
      origin: 'enrollment',
      authenticatorId,
      ...(isFirst ? { isFirst } : {}),
    } as const;
    const risen = risenSession(session, { proofs: withProof(session.proofs, proof) });
    return { ok: true, session: risen, areCodesToShow };
  });
  ctx.count('totp', answer.ok ? 'success' : 'failure');
  return answer;
}

function assertTotpIsEnabled(ctx: FlowContext): void {
  if (ctx.config.current().policy.mfa.methods.totp.isEnabled) return;
  throw new Problem('policy-forbids', { detail: 'Authenticator apps are switched off here.' });
}

interface Moment {
  readonly session: SessionFacts;
  readonly now: EpochMs;
}

interface NamedMoment extends Moment {
  readonly authenticatorId: AuthenticatorId;
  readonly name: string;
}

async function findPending(
  ctx: FlowContext,
  stores: Stores,
  { session, now }: Moment,
): Promise<TotpCredential | null> {
  const challenge = await stores.challenges.find('totp-enrollment', session.key, now);
  if (challenge === null || challenge.userId !== session.principal.id) return null;
  const plain = ctx.sealer.unseal(challenge.sealedPayload, pendingRow(session, challenge.id));
  return JSON.parse(plain.toString()) as TotpCredential;
}

async function createPending(
  ctx: FlowContext,
  stores: Stores,
  { session, now }: Moment,
): Promise<TotpCredential> {
  const credential = ctx.totpEnrollment.begin();
  const id = idFrom('challenge', ctx.random.bytes(idBytes));
  await stores.challenges.create({
    id,
    kind: 'totp-enrollment',
    userId: session.principal.id,
    session: session.key,
    sealedPayload: ctx.sealer.seal(JSON.stringify(credential), pendingRow(session, id)),
    expiresAt: addSeconds(now, pendingSeconds),
  });
  return credential;
}

function pendingRow(session: SessionFacts, id: ChallengeId): string {
  return challengeRow(session.principal.id, id, 'totp-enrollment');
}

async function enroll(
  ctx: FlowContext,
  stores: Stores,
  enrolled: NamedMoment & {
    readonly credential: TotpCredential;
    readonly step: number;
  },
): Promise<void> {
  const { session, authenticatorId, name, credential, step, now } = enrolled;
  const userId = session.principal.id;
  await stores.authenticators.create({
    id: authenticatorId,
    userId,
    method: 'totp',
    name,
    sealedCredential: ctx.totpEnrollment.seal(userId, authenticatorId, credential),
    // The code that proved the enrollment is used up by it.
    lastStep: step,
    passkey: null,
    createdAt: now,
    lastUsedAt: now,
  });
}

async function recordEnrollment(
  ctx: FlowContext,
  stores: Stores,
  visit: Visit,
  enrolled: NamedMoment,
): Promise<void> {
  if (!ctx.config.current().policy.mfa.audit.logsEnroll) return;
  const { session, authenticatorId, name, now } = enrolled;
  await stores.audit.append(
    eventInSession(visit, session, {
      at: now,
      type: 'authenticator.enrolled',
      severity: 'notice',
      details: { method: 'totp', authenticator: authenticatorId, name },
    }),
  );
}
