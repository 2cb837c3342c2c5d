/** A service account exchanges its key for a token. */

import { clockSkewSeconds } from '../../core/assurance.ts';
import { isServiceAtHome } from '../../core/policy/decide.ts';
import { addSeconds, type EpochMs } from '../../core/time.ts';
import type { ApiKey } from '../../stores/types/administration.ts';
import type { PrincipalRecord } from '../../stores/types.ts';
import { eventAtSignIn } from '../audit-events.ts';
import type { Visit } from '../flow-context.ts';
import { apiKeyIn, isApiKey } from './api-keys.ts';
import {
  issueAccessToken,
  type IssuedToken,
  newLineage,
  type TokenContext,
  tokenSessionOf,
} from './issue-token.ts';

/** The answer to a key. */
export type TokenByKeyAnswer =
  | { readonly ok: true; readonly issued: IssuedToken }
  | {
      readonly ok: false;
      readonly reason: 'invalid-credentials' | 'account-disabled' | 'network-not-allowed';
    };

/** The use of a key is noted once a minute at most. */
const useNotedSeconds = 60;

/**
 * A token for the service that the key belongs to. A key that is unknown, revoked or over is
 * answered like one that is none; only who holds a right one learns why it does not help.
 */
export async function tokenByApiKey(
  ctx: TokenContext,
  visit: Visit,
  sent: string,
): Promise<TokenByKeyAnswer> {
  const now = ctx.clock.now();
  const key = await liveKey(ctx, sent, now);
  if (key === null) return refuse(ctx, visit, { key, record: null, now }, 'invalid-credentials');

  const lineage = newLineage(ctx.random);
  const record = await ctx.stores.users.findPrincipal(key.userId, lineage);
  if (record === null || record.user.kind !== 'service') {
    return refuse(ctx, visit, { key, record, now }, 'invalid-credentials');
  }
  const { user } = record;
  if (user.isDisabled) return refuse(ctx, visit, { key, record, now }, 'account-disabled');
  if (!isServiceAtHome(user, visit.ip, ctx.config.current().policy)) {
    return refuse(ctx, visit, { key, record, now }, 'network-not-allowed');
  }
  const next = {
    userId: user.id,
    sessionEpoch: user.sessionEpoch,
    lineage,
    proofs: [],
    createdAt: now,
  };
  const session = tokenSessionOf(ctx, next, record);
  const issued = await issueAccessToken(ctx, visit, session, { id: key.id });
  if (key.lastUsedAt === null || now >= addSeconds(key.lastUsedAt, useNotedSeconds)) {
    await ctx.stores.apiKeys.noteUse(key.id, now);
  }
  return { ok: true, issued };
}

async function liveKey(ctx: TokenContext, sent: string, now: EpochMs): Promise<ApiKey | null> {
  const asked = apiKeyIn(sent);
  const key = asked === null ? null : await ctx.stores.apiKeys.find(asked.id);
  if (asked === null || key === null || !isApiKey(key, asked.part)) return null;
  // The clock went back: whatever was made since did not happen yet (F33).
  if (key.createdAt > addSeconds(now, clockSkewSeconds)) return null;
  return key.expiresAt !== null && key.expiresAt <= now ? null : key;
}

async function refuse(
  ctx: TokenContext,
  visit: Visit,
  about: {
    readonly key: ApiKey | null;
    readonly record: PrincipalRecord | null;
    readonly now: EpochMs;
  },
  reason: Exclude<TokenByKeyAnswer, { ok: true }>['reason'],
): Promise<TokenByKeyAnswer> {
  const { key, record, now } = about;
  await ctx.stores.audit.append(
    eventAtSignIn(visit, record?.user ?? null, {
      at: now,
      type: 'token.refused',
      severity: 'warning',
      details: { method: 'api-key', reason, ...(key !== null && { key: key.id }) },
    }),
  );
  return { ok: false, reason };
}
