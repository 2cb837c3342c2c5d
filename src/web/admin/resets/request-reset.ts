/** `/admin/users/:id/reset`: asking for somebody's reset. */

import type { SessionFacts } from '../../../core/facts.ts';
import type { UserId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import { requestReset } from '../../../flows/admin/resets.ts';
import { resetOutlook, type ResetOutlook } from '../../../flows/admin/resets/list-resets.ts';
import { type Answer, type Exchange, refuse, showPage } from '../../exchange.ts';
import { administratorOf } from '../administrator.ts';
import { afterwards } from '../done.ts';
import { errorsOf } from '../field-errors.ts';
import { personPath } from '../people/person-words.ts';
import { afterExecution, enrollmentWay } from './enrollment.ts';
import { linkOutlook, proofingOptions, resetPath, roleInWords } from './reset-words.ts';
import type { AdminResetRequestPage, ProofingFields } from './resets-views.ts';

/** Checks that the form has room for. */
const checksShown = 3;

/** Shows the form, or why there is none. */
export async function showResetRequest(exchange: Exchange<SessionFacts>): Promise<Answer> {
  return showPage(await pageWith(exchange, []));
}

/** Asks; where nobody has to approve, whoever may carries it out in the same step. */
export async function submitResetRequest(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, form } = exchange;
  try {
    const asked = {
      userId: exchange.parameter as UserId,
      reason: form.get('reason') ?? '',
      ticket: form.get('ticket') ?? '',
      proofing: checksIn(exchange),
      enrollment: enrollmentWay(exchange),
    };
    const { request, execution } = await requestReset(
      parts.flows,
      administratorOf(exchange),
      asked,
    );
    return execution === null
      ? afterwards(exchange, resetPath(request), 'reset-requested')
      : await afterExecution(exchange, { request, execution });
  } catch (problem) {
    const errors = errorsOf(problem);
    if (errors === null || !(problem instanceof Problem)) throw problem;
    return refuse(problem, await pageWith(exchange, errors));
  }
}

/** The checks that were filled in, one after the other: a row without any text is none. */
function checksIn({ form }: Pick<Exchange, 'form'>): readonly ProofingFields[] {
  return Array.from({ length: checksShown }, (_, at) => ({
    kind: form.get(`proofing_${String(at)}_kind`) ?? '',
    reference: form.get(`proofing_${String(at)}_reference`) ?? '',
  })).filter(({ kind, reference }) => kind !== '' || reference.trim() !== '');
}

async function pageWith(
  exchange: Exchange<SessionFacts>,
  errors: AdminResetRequestPage['errors'],
): Promise<AdminResetRequestPage> {
  const { parts, form } = exchange;
  const { words } = parts.renderer;
  const userId = exchange.parameter as UserId;
  const outlook = await resetOutlook(parts.flows, administratorOf(exchange), userId);
  const { user, isProofingNeeded, isImmediate } = outlook;
  const name = user.displayName;
  const typed = checksIn(exchange);
  const none = { kind: '', reference: '' };
  return {
    page: 'admin-reset-request',
    title: words.say('admin.reset-request.title', { name }),
    path: `${personPath(user.id)}/reset`,
    back: { path: personPath(user.id), label: name },
    outlook: outlookInWords(exchange, outlook),
    obstacle: obstacleInWords(exchange, outlook),
    reason: form.get('reason') ?? '',
    ticket: form.get('ticket') ?? '',
    proofing: Array.from({ length: checksShown }, (_, at) => typed[at] ?? none),
    kinds: [{ value: '', label: words.say('admin.proofing.choose') }, ...proofingOptions(words)],
    isProofingNeeded,
    isImmediate,
    link: linkOutlook(exchange, user),
    enrollment: enrollmentWay(exchange),
    errors,
  };
}

function outlookInWords(
  exchange: Exchange,
  { user, tier, approvalsNeeded, isImmediate }: ResetOutlook,
): readonly string[] {
  const { say } = exchange.parts.renderer.words;
  const name = user.displayName;
  const roles = {
    role: roleInWords(exchange, 'manager'),
    other: roleInWords(exchange, 'security-owner'),
  };
  const approval =
    approvalsNeeded === 0
      ? say(isImmediate ? 'admin.reset-request.at-once' : 'admin.reset-request.no-approval')
      : say(approvalsNeeded === 2 ? 'admin.reset-request.two' : 'admin.reset-request.one', {
          name,
          tier,
          ...roles,
        });
  return [say('admin.reset-request.effect', { name }), approval];
}

function obstacleInWords(
  { parts }: Exchange,
  { user, open, obstacle }: ResetOutlook,
): AdminResetRequestPage['obstacle'] {
  const { say } = parts.renderer.words;
  const name = user.displayName;
  if (obstacle !== null) {
    return { text: say(`admin.reset-request.obstacle.${obstacle}`, { name }), path: null };
  }
  if (open === null) return null;
  const text = say('admin.reset-request.obstacle.open', { name, by: open.requestedByName });
  return { text, path: resetPath(open) };
}
