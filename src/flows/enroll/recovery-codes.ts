/**
 * Recovery codes: made with the first authenticator, shown once, live once the person says that
 * they are stored. How they are replaced stands in regenerate-codes.ts.
 *
 * A set is confirmed by the session that saw it and no other: of two browsers that each make one,
 * the first must not bring the codes of the second to life.
 */

import type { SessionFacts } from '../../core/facts.ts';
import { idBytes, idFrom, type ChallengeId } from '../../core/ids.ts';
import { isMethodEnabled } from '../../core/policy/mfa-policy.ts';
import { challengeRow } from '../../core/sealed-rows.ts';
import { addSeconds, type EpochMs } from '../../core/time.ts';
import type { Challenge, PrincipalRecord, Stores } from '../../stores/types.ts';
import { eventInSession } from '../audit-events.ts';
import type { FlowContext, Visit } from '../flow-context.ts';
import { holdUser } from '../hold-user.ts';
import { nextPage } from '../next-page.ts';
import { type Addressee, tell } from '../tell.ts';

/** How long codes wait to be looked at. */
const displaySeconds = 1800;

/** How long a person may take to store them. */
const confirmationSeconds = 12 * 3600;

/** What waits, sealed: the codes, and the hash of the first by which the set is known again. */
interface Payload {
  readonly codes: readonly string[];
  readonly hash: string;
}

/**
 * Makes a set, unconfirmed, in the transaction at hand, and leaves the codes to be shown once in
 * this session (or the one it is rotated to).
 */
export async function makeRecoveryCodes(
  ctx: FlowContext,
  stores: Stores,
  visit: Visit,
  session: SessionFacts,
): Promise<void> {
  const { mfa } = ctx.config.current().policy;
  const now = ctx.clock.now();
  const userId = session.principal.id;
  const { codes, hashes } = ctx.recoveryCodeMaker.make(userId, mfa.recoveryCodes.codesMin);
  await stores.recoveryCodes.createUnconfirmed(userId, hashes, now);
  await leave(ctx, stores, session, {
    kind: 'recovery-codes-display',
    payload: { codes, hash: hashes[0] ?? '' },
    expiresAt: addSeconds(now, displaySeconds),
  });
  if (!mfa.audit.logsRecoveryCodesGenerated) return;
  await stores.audit.append(
    eventInSession(visit, session, {
      at: now,
      type: 'recovery-codes.generated',
      severity: 'notice',
      details: { codes: codes.length },
    }),
  );
}

/**
 * Makes the first set beside the first authenticator. False when there is nothing to show: codes
 * are switched off, or the person has some.
 */
export async function makeFirstCodes(
  ctx: FlowContext,
  stores: Stores,
  visit: Visit,
  session: SessionFacts,
): Promise<boolean> {
  if (!isMethodEnabled('recovery-code', ctx.config.current().policy.mfa)) return false;
  if ((await stores.recoveryCodes.countLeft(session.principal.id)) > 0) return false;
  await makeRecoveryCodes(ctx, stores, visit, session);
  return true;
}

/** The codes that wait to be shown in this session, this once; else null. */
export async function takeRecoveryCodes(
  ctx: FlowContext,
  session: SessionFacts,
): Promise<readonly string[] | null> {
  if (nextPage(ctx, session) === 'challenge') return null;
  const now = ctx.clock.now();
  const kind = 'recovery-codes-display';
  if ((await ctx.stores.challenges.find(kind, session.key, now)) === null) return null;
  return ctx.stores.transaction(async (stores) => {
    await holdUser(stores, session);
    const display = await stores.challenges.consume(kind, session.key, now);
    if (display === null || display.userId !== session.principal.id) return null;
    const { codes, hash } = open(ctx, session, display);
    // Another browser may have made a set in place of this one.
    if (!(await stores.recoveryCodes.hasUnconfirmed(session.principal.id, hash))) return null;
    await leave(ctx, stores, session, {
      kind: 'recovery-codes-confirmation',
      payload: { codes: [], hash },
      expiresAt: addSeconds(now, confirmationSeconds),
    });
    return codes;
  });
}

/** Says whether a set waits in this session to be shown or confirmed. */
export async function hasUnconfirmedCodes(
  ctx: FlowContext,
  session: SessionFacts,
): Promise<boolean> {
  const now = ctx.clock.now();
  const { challenges } = ctx.stores;
  const waiting =
    (await challenges.find('recovery-codes-confirmation', session.key, now)) ??
    (await challenges.find('recovery-codes-display', session.key, now));
  return waiting !== null && isSetOf(ctx, ctx.stores, session, waiting);
}

/**
 * Makes the set live that this session was shown. False when there is none: never shown, confirmed
 * already, or replaced by another browser. Whether the sets before it die is the policy's choice.
 */
export async function confirmRecoveryCodes(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
): Promise<boolean> {
  if (nextPage(ctx, session) === 'challenge') return false;
  return ctx.stores.transaction(async (stores) => {
    const record = await holdUser(stores, session);
    if (!mayHaveCodesAlone(ctx, record)) return false;
    return confirmShownCodes(ctx, stores, visit, { session, user: record.user });
  });
}

/**
 * Says whether this person's codes stand beside an authenticator, or there can be none.
 *
 * Security: codes that a stolen password alone made live would count as something enrolled, which
 * the owner could not prove (G8).
 */
function mayHaveCodesAlone(
  ctx: Pick<FlowContext, 'config'>,
  { enrolled }: PrincipalRecord,
): boolean {
  const { mfa } = ctx.config.current().policy;
  const isAnyEnabled = mfa.methods.totp.isEnabled || mfa.methods.webauthn.isEnabled;
  return enrolled.length > 0 || !isAnyEnabled;
}

/** The same in a transaction at hand, with the record held and an authenticator beside it. */
export async function confirmShownCodes(
  ctx: FlowContext,
  stores: Stores,
  visit: Visit,
  { session, user }: { readonly session: SessionFacts; readonly user: Addressee },
): Promise<boolean> {
  const { mfa } = ctx.config.current().policy;
  const now = ctx.clock.now();
  const kind = 'recovery-codes-confirmation';
  const shown = await stores.challenges.consume(kind, session.key, now);
  if (shown === null || !(await isSetOf(ctx, stores, session, shown))) return false;

  const hadCodes = await stores.recoveryCodes.hasConfirmed(user.id);
  const old = mfa.recoveryCodes.doesRegenerateInvalidateOld ? 'drop' : 'keep';
  if (!(await stores.recoveryCodes.confirm(user.id, now, old))) return false;
  if (mfa.audit.logsRecoveryCodesGenerated) {
    await stores.audit.append(
      eventInSession(visit, session, {
        at: now,
        type: 'recovery-codes.confirmed',
        severity: 'notice',
        details: { olderCodes: old === 'drop' ? 'dropped' : 'kept' },
      }),
    );
  }
  if (hadCodes) {
    await tell(ctx, stores, user, { kind: 'recovery-codes-regenerated', at: now, visit });
  }
  return true;
}

async function leave(
  ctx: FlowContext,
  stores: Stores,
  session: SessionFacts,
  waiting: {
    readonly kind: Challenge['kind'];
    readonly payload: Payload;
    readonly expiresAt: EpochMs;
  },
): Promise<void> {
  const { kind, payload, expiresAt } = waiting;
  const id = idFrom('challenge', ctx.random.bytes(idBytes));
  const sealedPayload = ctx.sealer.seal(JSON.stringify(payload), row(session, kind, id));
  const { key, principal } = session;
  await stores.challenges.create({
    id,
    kind,
    userId: principal.id,
    session: key,
    sealedPayload,
    expiresAt,
  });
}

function open(ctx: FlowContext, session: SessionFacts, challenge: Challenge): Payload {
  const plain = ctx.sealer.unseal(
    challenge.sealedPayload,
    row(session, challenge.kind, challenge.id),
  );
  return JSON.parse(plain.toString()) as Payload;
}

function row(session: SessionFacts, kind: Challenge['kind'], id: ChallengeId): string {
  return challengeRow(session.principal.id, id, kind);
}

async function isSetOf(
  ctx: FlowContext,
  stores: Stores,
  session: SessionFacts,
  challenge: Challenge,
): Promise<boolean> {
  const { id } = session.principal;
  if (challenge.userId !== id) return false;
  return stores.recoveryCodes.hasUnconfirmed(id, open(ctx, session, challenge).hash);
}
