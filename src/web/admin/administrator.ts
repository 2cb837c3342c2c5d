/** Whoever sent a request to a page of the administration. */

import type { SessionFacts } from '../../core/facts.ts';
import { type AdminPermission, mayAdminister } from '../../core/policy/administration.ts';
import type { Administrator } from '../../flows/admin/administrator.ts';
import { Problem } from '../../core/problem.ts';
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

/** The action that a form names. Throws the problem `invalid-request` for one that is not there. */
export function actionIn<Action extends string>(
  { form }: Pick<Exchange, 'form'>,
  actions: readonly Action[],
): Action {
  const action = actions.find((name) => name === form.get('action'));
  if (action !== undefined) return action;
  throw new Problem('invalid-request', { detail: 'The form names an action we do not know.' });
}
