/**
 * How somebody enrolls again after a reset: the link that is shown once, or a quarter of an hour
 * with an administrator beside them. `POST /admin/users/:id/enrollment` opens either again.
 */

import assert from 'node:assert/strict';
import type { SessionFacts } from '../../../core/facts.ts';
import type { UserId } from '../../../core/ids.ts';
import { isAbove } from '../../../core/policy/administration.ts';
import type { ResetExecution } from '../../../flows/admin/resets/carry-out.ts';
import {
  type EnrollmentWay,
  linkEnrollment,
  superviseEnrollment,
} from '../../../flows/admin/resets/enroll-again.ts';
import type { User } from '../../../stores/types.ts';
import type { ResetRequest } from '../../../stores/types/administration.ts';
import { type Answer, type Exchange, showPage } from '../../exchange.ts';
import { actionIn, administratorOf, mayDo } from '../administrator.ts';
import type { Confirmation } from '../blocks.ts';
import { afterwards } from '../done.ts';
import { linkPage } from '../people/link-page.ts';
import { personPath } from '../people/person-words.ts';
import { resetPath } from './reset-words.ts';

/** Opens a way to enroll again. */
export async function submitEnrollment(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { flows } = exchange.parts;
  const admin = administratorOf(exchange);
  const userId = exchange.parameter as UserId;
  if (actionIn(exchange, ['link', 'supervised']) === 'supervised') {
    await superviseEnrollment(flows, admin, userId);
    return afterwards(exchange, personPath(userId), 'enrollment-supervised');
  }
  const link = await linkEnrollment(flows, admin, userId);
  const user = await flows.stores.users.findById(userId);
  assert.ok(user !== null, 'a link was made for them');
  return showPage(linkPage(exchange, user, link, 'enroll-again'));
}

/** The way that a form asks for; a link where it says nothing. */
export function enrollmentWay({ form }: Pick<Exchange, 'form'>): EnrollmentWay {
  return form.get('enrollment') === 'supervised' ? 'supervised' : 'link';
}

/** What is shown after a reset was carried out: the link, this once, or the request as it is now. */
export async function afterExecution(
  exchange: Exchange<SessionFacts>,
  { request, execution }: { readonly request: ResetRequest; readonly execution: ResetExecution },
): Promise<Answer> {
  const { link: url, linkExpiresAt: expiresAt } = execution;
  const user = await exchange.parts.flows.stores.users.findById(request.userId);
  if (url === null || expiresAt === null || user === null) {
    return afterwards(exchange, resetPath(request), 'reset-executed');
  }
  return showPage(linkPage(exchange, user, { url, expiresAt }, 'reset'));
}

/** The buttons that open a way again; none for whom none is needed, or whoever may not press them. */
export function enrollmentConfirmations(
  exchange: Exchange<SessionFacts>,
  user: User,
): readonly Confirmation[] {
  const { config, parts, session } = exchange;
  const isSelf = user.id === session.principal.id;
  if (user.enrollGuard === null || isSelf || !mayDo(exchange, 'execute-reset')) return [];
  if (isAbove(user, session.principal, config.policy.tiers)) return [];
  const { say } = parts.renderer.words;
  return (['link', 'supervised'] as const).map((way) => ({
    path: `${personPath(user.id)}/enrollment`,
    action: way,
    label: say(`admin.enrollment.${way}`),
    question: say(`admin.enrollment.${way}.question`, { name: user.displayName }),
    confirm: say(`admin.enrollment.${way}.confirm`),
    isDangerous: false,
  }));
}
