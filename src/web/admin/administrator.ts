/** Whoever sent a request to a page of the administration. */

import type { SessionFacts } from '../../core/facts.ts';
import { type AdminPermission, mayAdminister } from '../../core/policy/administration.ts';
import type { Administrator } from '../../flows/admin/administrator.ts';
import type { Exchange } from '../exchange.ts';

/** The administrator as flows know them. */
export function administratorOf({ session, visit }: Exchange<SessionFacts>): Administrator {
  return { session, visit };
}

/** Says whether to offer something. Whether it may be done is judged by the flow. */
export function mayDo(
  { config, session }: Pick<Exchange<SessionFacts>, 'config' | 'session'>,
  permission: AdminPermission,
): boolean {
  return mayAdminister(session.principal, permission, config.policy.roleGroups);
}
