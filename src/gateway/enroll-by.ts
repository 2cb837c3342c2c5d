/**
 * Tells in the answer until when somebody may do without a second factor that is asked of them, so
 * that the pages of an upstream can say so too. Our own answers do not carry it.
 */

import { graceEndOf } from '../core/policy/decide.ts';
import type { AccessPolicy } from '../core/policy/mfa-policy.ts';
import type { Judgement } from './pipeline.ts';

/** The name of the response header; an upstream cannot send it. */
export const enrollByHeader = 'Sallyport-Enroll-By';

/** The instant by RFC 3339, in UTC; null for whom nothing is due. */
export function enrollByOf({ session }: Judgement, policy: AccessPolicy): string | null {
  const graceEnd = session === null ? null : graceEndOf(session, policy);
  return graceEnd === null ? null : new Date(graceEnd).toISOString().replace(/\.\d+Z$/, 'Z');
}
