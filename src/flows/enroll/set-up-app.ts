/**
 * Enrolling an authenticator app in one question and one answer, for programs: the secret and the
 * recovery codes are shown together, and become live together once a code of the app was right.
 */

import type { SessionFacts } from '../../core/facts.ts';
import { isMethodEnabled } from '../../core/policy/mfa-policy.ts';
import type { PendingTotp } from '../../methods/method.ts';
import type { FlowContext, Visit } from '../flow-context.ts';
import { holdUser } from '../hold-user.ts';
import { beginTotpEnrollment } from './enroll-totp.ts';
import { assertMayEnroll } from './may-enroll.ts';
import { makeRecoveryCodes, takeRecoveryCodes } from './recovery-codes.ts';

/** What is shown. */
export interface AppSetUp {
  readonly pending: PendingTotp;
  /** The same to scan: a PNG in a `data:` URL. */
  readonly picture: string;
  /** Shown this once; empty for who has codes already, and where the policy has none. */
  readonly recoveryCodes: readonly string[];
}

/**
 * The secret to scan and a set of recovery codes. Asked again, the secret is the same and the codes
 * are others, in place of those. Throws as `beginTotpEnrollment` does.
 */
export async function setUpApp(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
): Promise<AppSetUp> {
  const pending = await beginTotpEnrollment(ctx, session);
  const picture = await ctx.totpEnrollment.pictureOf(pending);
  return { pending, picture, recoveryCodes: await codesToShow(ctx, visit, session) };
}

async function codesToShow(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
): Promise<readonly string[]> {
  if (!isMethodEnabled('recovery-code', ctx.config.current().policy.mfa)) return [];
  const hasSome = await ctx.stores.transaction(async (stores) => {
    const record = await holdUser(stores, session);
    await assertMayEnroll(ctx, stores, { session, record, now: ctx.clock.now() });
    if ((await stores.recoveryCodes.countLeft(session.principal.id)) > 0) return true;
    await makeRecoveryCodes(ctx, stores, visit, session);
    return false;
  });
  return hasSome ? [] : ((await takeRecoveryCodes(ctx, session)) ?? []);
}
