/** Resets in words: states, steps, roles, kinds of proof. */

import type { ApprovalRole, ResetState } from '../../../core/reset-request.ts';
import { resetStateAt } from '../../../core/reset-request.ts';
import type { EnrollGuard, User } from '../../../stores/types.ts';
import type { ResetRequest } from '../../../stores/types/administration.ts';
import type { Exchange } from '../../exchange.ts';
import type { Words } from '../../words.ts';
import { zonedTime } from '../../zoned-time.ts';
import type { Badge, Option, StepLine } from '../blocks.ts';
import { momentsOf } from '../moment.ts';
import type { ResetRow } from './resets-views.ts';

/** The page of a request. */
export function resetPath({ id }: Pick<ResetRequest, 'id'>): string {
  return `/admin/resets/${encodeURIComponent(id)}`;
}

const looks = {
  pending: { tone: 'warning', icon: 'clock' },
  approved: { tone: 'accent', icon: 'check' },
  executed: { tone: 'good', icon: 'check' },
  rejected: { tone: 'quiet', icon: 'minus' },
  cancelled: { tone: 'quiet', icon: 'minus' },
  expired: { tone: 'quiet', icon: 'clock' },
} as const;

/** Where a request stands. */
export function stateBadge(state: ResetState, { say }: Words): Badge {
  return { ...looks[state], label: say(`admin.reset.${state}`) };
}

/** A request as a row of a list. */
export function resetRow(
  exchange: Pick<Exchange, 'config' | 'parts' | 'now'>,
  request: ResetRequest,
): ResetRow {
  const { parts, now } = exchange;
  const { words } = parts.renderer;
  const momentOf = momentsOf(exchange);
  const state = resetStateAt(request, now);
  const isOpen = state === 'pending' || state === 'approved';
  const endAt = isOpen ? request.expiresAt : (request.endedAt ?? request.expiresAt);
  return {
    path: resetPath(request),
    username: request.username,
    tier: request.tier,
    badge: stateBadge(state, words),
    approvals: progressOf(request),
    ticket: request.ticket,
    by: request.requestedByName,
    asked: momentOf(request.createdAt),
    end: {
      label: words.say(isOpen ? 'admin.resets.expires' : `admin.resets.ended.${state}`),
      moment: momentOf(endAt),
    },
  };
}

/** `1/2`; null where nobody has to approve. */
function progressOf({ approvals, approvalsNeeded }: ResetRequest): string | null {
  if (approvalsNeeded === 0) return null;
  return `${String(approvals.length)}/${String(approvalsNeeded)}`;
}

type Step = StepLine['steps'][number];

/** Requested, approved, ready, done: how far it is, or where it ended. */
export function stepLine(
  { parts, now }: Pick<Exchange, 'parts' | 'now'>,
  request: ResetRequest,
): StepLine {
  const { say } = parts.renderer.words;
  const { approvals, approvalsNeeded, endedByName } = request;
  const state = resetStateAt(request, now);
  const isApproved = approvals.length >= approvalsNeeded;
  const isDone = state === 'executed';
  const isStopped = state === 'rejected' || state === 'cancelled' || state === 'expired';
  const reached = (isReached: boolean, isNext: boolean): Step['state'] => {
    if (isReached) return 'done';
    if (!isNext) return 'later';
    return isStopped ? 'stopped' : 'now';
  };
  // The step that was not reached says how it ended.
  const step = (name: string, text: string | null, at: Step['state']): Step =>
    at === 'stopped'
      ? { title: say(`admin.reset.${state}`), text: endedByName, state: at }
      : { title: say(`admin.reset.step.${name}`), text, state: at };
  const progress = { count: approvals.length, needed: approvalsNeeded };
  return {
    label: say('admin.reset.steps'),
    steps: [
      step('requested', request.requestedByName, 'done'),
      ...(approvalsNeeded === 0
        ? []
        : [
            step(
              'approved',
              say('admin.reset.step.progress', progress),
              reached(isApproved, !isApproved),
            ),
          ]),
      step('ready', null, reached(isDone, isApproved)),
      step('done', isDone ? endedByName : null, reached(isDone, false)),
    ],
  };
}

/** `a manager (MANAGERS)`: the role and the groups that have it. */
export function roleInWords(
  { config, parts }: Pick<Exchange, 'config' | 'parts'>,
  role: ApprovalRole | 'reset-executor',
): string {
  const groups = config.policy.roleGroups[role].join(', ');
  return parts.renderer.words.say(`admin.reset.role.${role}`, { groups });
}

/** The kinds of proof that the form offers; others come by the API. */
const proofingKinds = [
  'in-person',
  'id-document',
  'video-call',
  'call-back',
  'manager',
  'personnel-record',
] as const;

/** The kinds to choose from. */
export function proofingOptions({ say }: Words): readonly Option[] {
  return proofingKinds.map((kind) => ({ value: kind, label: say(`admin.proofing.${kind}`) }));
}

/** A kind by its name here, or as it came. */
export function proofingKindInWords(kind: string, { say }: Words): string {
  const known = proofingKinds.find((one) => one === kind);
  return known === undefined ? kind : say(`admin.proofing.${known}`);
}

/** What becomes of a link for somebody: mailed, or to be handed over. */
export function linkOutlook(
  { config, parts }: Pick<Exchange, 'config' | 'parts'>,
  { email, displayName }: Pick<User, 'email' | 'displayName'>,
): string {
  const { say } = parts.renderer.words;
  return config.mail !== null && email !== null
    ? say('admin.reset.link.mailed', { email })
    : say('admin.reset.link.not-mailed', { name: displayName });
}

/** What keeps somebody who was reset from enrolling, or lets them for a while. */
export function guardInWords(
  { config, now, parts }: Pick<Exchange, 'config' | 'now' | 'parts'>,
  { supervisedUntil }: EnrollGuard,
  name: string,
): string {
  const { say } = parts.renderer.words;
  if (supervisedUntil === null || supervisedUntil <= now) {
    return say('admin.reset.next.enroll', { name });
  }
  const until = zonedTime(config.portal.timeZone).full(supervisedUntil);
  return say('admin.reset.next.supervised', { name, until });
}
