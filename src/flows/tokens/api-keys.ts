/**
 * API keys: what a service account obtains tokens with.
 *
 * A key is shown once, when it is made, and kept as SHA-256: it has 256 random bits, so that
 * neither salt nor a slow hash would add anything. It opens nothing by itself: it is exchanged for
 * a token, from the networks of its service alone.
 */

import { hash, timingSafeEqual } from 'node:crypto';
import { type ApiKeyId, idBytes, idFrom, type UserId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { apiKeyPrefix } from '../../core/tokens.ts';
import type { EpochMs } from '../../core/time.ts';
import type { ApiKey, KeysetPage } from '../../stores/types/administration.ts';
import type { User } from '../../stores/types.ts';
import {
  type Administrator,
  assertMayView,
  eventByAdministrator,
  holdBoth,
} from '../admin/administrator.ts';
import { authenticatorNameIn } from '../enroll/authenticator-names.ts';
import type { FlowContext } from '../flow-context.ts';

/** How many keys one service may have: one in use, one to change over to, and some to spare. */
export const apiKeysMax = 20;

/** A key that was just made, with what is shown this once. */
export interface CreatedApiKey {
  readonly key: ApiKey;
  /** `sp_key_…_…` */
  readonly secret: string;
}

/**
 * Makes a key for a service account. Throws the problems of `holdBoth`, `conflict` for an account
 * of a person or with as many keys as one may have, and `validation-failed` for a name that cannot
 * be shown or an end that has passed.
 */
export async function createApiKey(
  ctx: FlowContext,
  admin: Administrator,
  given: {
    readonly userId: UserId;
    readonly name: string;
    /** Null: until it is revoked. */
    readonly expiresAt: EpochMs | null;
  },
): Promise<CreatedApiKey> {
  const name = authenticatorNameIn(given.name);
  if (name === null) throw invalid('/name', 'A name has 1 to 60 printable characters.');
  return ctx.stores.transaction(async (stores) => {
    const { actor, target } = await holdBoth(ctx, stores, admin, 'manage', given.userId);
    assertService(target);
    if (given.expiresAt !== null && given.expiresAt <= actor.now) {
      throw invalid('/expires_at', 'This instant has passed.');
    }
    const filter = { tenant: target.tenant, user: target.id };
    const existing = await stores.apiKeys.list(filter, { after: null, limit: apiKeysMax });
    if (existing.length >= apiKeysMax) {
      throw new Problem('conflict', {
        detail: `A service has at most ${String(apiKeysMax)} keys. Revoke one first.`,
      });
    }
    const id = idFrom('apiKey', ctx.random.bytes(idBytes));
    const part = ctx.random.bytes(32).toString('base64url');
    const key: ApiKey = {
      id,
      userId: target.id,
      tenant: target.tenant,
      name,
      hash: hash('sha256', part),
      createdBy: actor.session.principal.username,
      createdAt: actor.now,
      expiresAt: given.expiresAt,
      lastUsedAt: null,
    };
    await stores.apiKeys.create(key);
    await stores.audit.append(
      eventByAdministrator(actor, target, {
        at: actor.now,
        type: 'api-key.created',
        severity: 'notice',
        details: { key: id, name, expiresAt: given.expiresAt ?? 'never' },
      }),
    );
    return { key, secret: `${apiKeyPrefix}${id}_${part}` };
  });
}

/**
 * The keys of the administrator's tenant, newest first. Throws the problem `not-permitted` without a
 * role that lets one look.
 */
export async function listApiKeys(
  ctx: FlowContext,
  admin: Administrator,
  filter: { readonly userId: UserId | null },
  page: KeysetPage,
): Promise<readonly ApiKey[]> {
  assertMayView(ctx, admin);
  const { tenant } = admin.session.principal;
  return ctx.stores.apiKeys.list({ tenant, user: filter.userId }, page);
}

/**
 * Revokes a key, and ends the tokens that were obtained with any key of its service: which token
 * came of which key is not kept. Throws the problem `not-found` for a key of another tenant as for
 * none.
 */
export async function revokeApiKey(
  ctx: FlowContext,
  admin: Administrator,
  id: ApiKeyId,
): Promise<void> {
  const known = await ctx.stores.apiKeys.find(id);
  if (known === null || known.tenant !== admin.session.principal.tenant) {
    throw new Problem('not-found');
  }
  await ctx.stores.transaction(async (stores) => {
    const { actor, target } = await holdBoth(ctx, stores, admin, 'manage', known.userId);
    if (!(await stores.apiKeys.remove(id))) throw new Problem('not-found');
    await stores.users.raiseSessionEpoch(target.id);
    await stores.accessChanges.note(target.id, actor.now);
    await stores.audit.append(
      eventByAdministrator(actor, target, {
        at: actor.now,
        type: 'api-key.revoked',
        severity: 'notice',
        details: { key: id, name: known.name },
      }),
    );
  });
}

/** A key as it was sent, taken apart; null when it has not the shape of one. */
export function apiKeyIn(sent: string): { readonly id: ApiKeyId; readonly part: string } | null {
  const match = /^sp_(?<id>key_[\w-]{16})_(?<part>[\w-]{43})$/.exec(sent);
  if (match?.groups === undefined) return null;
  return { id: match.groups['id'] as ApiKeyId, part: match.groups['part'] ?? '' };
}

/** Says whether the secret part is that of the key, in constant time. */
export function isApiKey({ hash: expected }: Pick<ApiKey, 'hash'>, part: string): boolean {
  return timingSafeEqual(Buffer.from(expected, 'hex'), hash('sha256', part, 'buffer'));
}

function assertService(target: User): void {
  if (target.kind === 'service') return;
  throw new Problem('conflict', {
    detail: 'Keys are for service accounts; people sign in and are asked for their second factor.',
  });
}

function invalid(pointer: string, detail: string): Problem {
  return new Problem('validation-failed', { members: { errors: [{ pointer, detail }] } });
}
