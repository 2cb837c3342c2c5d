/** What many answers are made of: instants, people, tokens. Schema and value stand side by side. */

import { z } from 'zod';
import type { Config } from '../../config/config.ts';
import type { Principal } from '../../core/facts.ts';
import { tierOf, tiers } from '../../core/policy/mfa-policy.ts';
import { methodIds } from '../../core/proofs.ts';
import type { EpochMs } from '../../core/time.ts';
import type { IssuedToken } from '../../flows/tokens/issue-token.ts';
import type { TokenAnswer } from './operation.ts';

/** An instant: RFC 3339, in UTC, to the second. */
export const instant = z.iso.datetime().meta({ examples: ['2026-03-02T09:30:00Z'] });

/** An instant as it is answered. */
export function instantOf(at: EpochMs): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** The same of one that there may not be. */
export function instantOrNull(at: EpochMs | null): string | null {
  return at === null ? null : instantOf(at);
}

/** A way to authenticate. */
export const method = z.enum(methodIds);

/** Whoever is signed in, about themselves. */
export const caller = z
  .strictObject({
    id: z.string().meta({ examples: ['usr_3q2-7wEjRWeJq83v'] }),
    username: z.string().meta({ examples: ['anna'] }),
    display_name: z.string(),
    email: z.string().nullable(),
    tenant_id: z.string().meta({ examples: ['default'] }),
    groups: z.array(z.string()),
    tier: z.enum(tiers),
  })
  .meta({ id: 'Caller', description: 'Whose account it is.' });

/** An account as its owner is shown it. */
export function callerAnswer(
  principal: Principal,
  { policy }: Pick<Config, 'policy'>,
): z.output<typeof caller> {
  return {
    id: principal.id,
    username: principal.username,
    display_name: principal.displayName,
    email: principal.email,
    tenant_id: principal.tenant,
    groups: [...principal.groups],
    tier: tierOf(principal, policy.tiers),
  };
}

/** The members of a token (RFC 6749 §5.1). */
export const tokenMembers = {
  token: z.string().describe('Send it as `Authorization: Bearer`.'),
  token_type: z.literal('Bearer'),
  expires_in: z.int().describe('Seconds until it ends.'),
};

/** A token as it is answered. */
export function tokenAnswer({ token, expiresAt }: IssuedToken, now: EpochMs): TokenAnswer {
  return {
    token,
    token_type: 'Bearer',
    expires_in: Math.max(0, Math.floor((expiresAt - now) / 1000)),
  };
}

/** An answer that says only that it is done. */
export const success = z.strictObject({ success: z.literal(true) });
