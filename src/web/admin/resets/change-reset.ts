/** What is posted to `/admin/resets/:id`, told apart by `action`. */

import type { SessionFacts } from '../../../core/facts.ts';
import type { ResetRequestId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import { approvalRoles } from '../../../core/reset-request.ts';
import { unreachable } from '../../../core/unreachable.ts';
import {
  approveReset,
  cancelReset,
  executeReset,
  rejectReset,
} from '../../../flows/admin/resets.ts';
import { type Answer, type Exchange, refuse } from '../../exchange.ts';
import { actionIn, administratorOf } from '../administrator.ts';
import { afterwards } from '../done.ts';
import { errorsOf } from '../field-errors.ts';
import { afterExecution, enrollmentWay } from './enrollment.ts';
import { resetPage } from './reset.ts';
import { resetPath } from './reset-words.ts';

const actions = ['approve', 'reject', 'cancel', 'execute'] as const;

/** Does what was asked; a refused one shows the request as it stands now, with what was typed. */
export async function submitReset(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const action = actionIn(exchange, actions);
  try {
    return await carryOut(exchange, action);
  } catch (problem) {
    const errors = errorsOf(problem);
    if (errors === null || !(problem instanceof Problem)) throw problem;
    const typedReason = exchange.form.get('reason') ?? '';
    const at = errors.map((error) =>
      // Two forms ask for a reason; the field of each has a name of its own on the page.
      error.field === 'reason' ? { ...error, field: `${action}-reason` } : error,
    );
    return refuse(problem, await resetPage(exchange, { typedReason, errors: at }));
  }
}

async function carryOut(
  exchange: Exchange<SessionFacts>,
  action: (typeof actions)[number],
): Promise<Answer> {
  const { parts, form } = exchange;
  const { flows } = parts;
  const admin = administratorOf(exchange);
  const id = exchange.parameter as ResetRequestId;
  const reason = form.get('reason') ?? '';
  switch (action) {
    case 'approve': {
      const role = approvalRoles.find((one) => one === form.get('role'));
      const asked = role === undefined ? { id } : { id, role };
      const request = await approveReset(flows, admin, asked);
      return afterwards(exchange, resetPath(request), 'reset-approved');
    }
    case 'reject':
      await rejectReset(flows, admin, { id, reason });
      return afterwards(exchange, resetPath({ id }), 'reset-rejected');
    case 'cancel':
      await cancelReset(flows, admin, { id, reason });
      return afterwards(exchange, resetPath({ id }), 'reset-cancelled');
    case 'execute': {
      const enrollment = enrollmentWay(exchange);
      return afterExecution(exchange, await executeReset(flows, admin, { id, enrollment }));
    }
    default:
      return unreachable(action);
  }
}
