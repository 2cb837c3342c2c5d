/** `/admin/resets/:id`: one request, how far it is, and what may come next. */

import type { SessionFacts } from '../../../core/facts.ts';
import type { ResetRequestId } from '../../../core/ids.ts';
import type { ResetState } from '../../../core/reset-request.ts';
import { unreachable } from '../../../core/unreachable.ts';
import { findReset, nextSteps, type NextSteps } from '../../../flows/admin/resets/list-resets.ts';
import type { User } from '../../../stores/types.ts';
import type { ResetRequest } from '../../../stores/types/administration.ts';
import { type Answer, type Exchange, showPage } from '../../exchange.ts';
import { administratorOf } from '../administrator.ts';
import type { Fact } from '../blocks.ts';
import { noticeIn } from '../done.ts';
import { momentsOf } from '../moment.ts';
import { enrollmentConfirmations } from './enrollment.ts';
import {
  guardInWords,
  linkOutlook,
  proofingKindInWords,
  resetPath,
  roleInWords,
  stateBadge,
  stepLine,
} from './reset-words.ts';
import type { AdminResetPage, ResetActions } from './resets-views.ts';

/** Shows the request. */
export async function showReset(exchange: Exchange<SessionFacts>): Promise<Answer> {
  return showPage(await resetPage(exchange, {}));
}

/** What a refused form leaves: what was typed, and what is wrong with it. */
export interface ResetPageDifferences {
  readonly typedReason?: string;
  readonly errors?: AdminResetPage['errors'];
}

/** The page of the request that the address names. Throws the problem `not-found` for none. */
export async function resetPage(
  exchange: Exchange<SessionFacts>,
  { typedReason = '', errors = [] }: ResetPageDifferences,
): Promise<AdminResetPage> {
  const { parts, parameter } = exchange;
  const { words } = parts.renderer;
  const admin = administratorOf(exchange);
  const request = await findReset(parts.flows, admin, parameter as ResetRequestId);
  const steps = await nextSteps(parts.flows, admin, request);
  const person = await parts.flows.stores.users.findById(request.userId);
  const momentOf = momentsOf(exchange);
  const isOpen = steps.state === 'pending' || steps.state === 'approved';
  return {
    page: 'admin-reset',
    title: words.say('admin.reset.title', { username: request.username }),
    path: resetPath(request),
    badge: stateBadge(steps.state, words),
    line: stepLine(exchange, request),
    next: nextInWords(exchange, request, steps, person),
    expires: isOpen ? momentOf(request.expiresAt) : null,
    actions: actionsFor(exchange, steps, person),
    enrollment:
      steps.state === 'executed' && person !== null
        ? enrollmentConfirmations(exchange, person)
        : [],
    facts: factsOf(exchange, request, person),
    proofing: request.proofing.map(({ kind, reference }) => ({
      term: proofingKindInWords(kind, words),
      text: reference,
    })),
    approvals: request.approvals.map(({ approverName, role, at }) => ({
      text: words.say('admin.reset.approved-by', {
        name: approverName,
        role: words.say(`admin.role.${role}`),
      }),
      moment: momentOf(at),
    })),
    eventsPath: `/admin/audit?type=reset&person=${encodeURIComponent(request.username)}`,
    typedReason,
    notice: isSo(exchange, request, steps.state) ? noticeIn(exchange) : null,
    errors,
  };
}

/**
 * Says whether what the address says was done fits whoever looks and how things stand. An address
 * can be sent to somebody: an approver must not read of a reset that nobody has carried out.
 */
function isSo(
  { query, session }: Pick<Exchange<SessionFacts>, 'query' | 'session'>,
  { requestedBy, approvals }: ResetRequest,
  state: ResetState,
): boolean {
  const { id } = session.principal;
  const done = query.get('done') ?? '';
  switch (done) {
    case 'reset-requested':
      return state === 'pending' && requestedBy === id && approvals.length === 0;
    case 'reset-approved':
      return approvals.some(({ approver }) => approver === id);
    case 'reset-rejected':
    case 'reset-cancelled':
    case 'reset-executed':
      return done === `reset-${state}`;
    default:
      return false;
  }
}

function actionsFor(
  exchange: Exchange,
  { approveAs, mayReject, mayCancel, mayExecute }: NextSteps,
  person: User | null,
): ResetActions {
  const { say } = exchange.parts.renderer.words;
  return {
    approve:
      approveAs.length === 0
        ? null
        : { roles: approveAs.map((role) => ({ value: role, label: say(`admin.role.${role}`) })) },
    mayReject,
    mayCancel,
    execute: mayExecute && person !== null ? { link: linkOutlook(exchange, person) } : null,
  };
}

/** Who may do what next, what stands in the way, and why whoever looks may not. */
function nextInWords(
  exchange: Exchange,
  request: ResetRequest,
  steps: NextSteps,
  person: User | null,
): readonly string[] {
  const { say } = exchange.parts.renderer.words;
  return [
    ...standingInWords(exchange, request, steps, person),
    ...(steps.obstacle === null ? [] : [steps.obstacle]),
    ...(steps.because === null ? [] : [say(`admin.reset.because.${steps.because}`)]),
  ];
}

/** Whom it waits for; of a request that is over, what became of it. */
function standingInWords(
  exchange: Exchange,
  request: ResetRequest,
  { state, rolesWanted }: NextSteps,
  person: User | null,
): readonly string[] {
  const { say } = exchange.parts.renderer.words;
  const name = person?.displayName ?? request.username;
  switch (state) {
    case 'pending': {
      const [role = '', other] = rolesWanted.map((one) => roleInWords(exchange, one));
      if (other === undefined) return [say('admin.reset.next.approval', { role })];
      const key = request.approvalsNeeded === 2 ? 'both' : 'one';
      return [say(`admin.reset.next.approval.${key}`, { role, other })];
    }
    case 'approved':
      return [say('admin.reset.next.execute', { role: roleInWords(exchange, 'reset-executor') })];
    case 'executed': {
      const guard = person?.enrollGuard ?? null;
      if (guard === null) return [say('admin.reset.next.enrolled', { name })];
      return [guardInWords(exchange, guard, name)];
    }
    case 'rejected':
    case 'cancelled':
    case 'expired': {
      const { endReason: reason } = request;
      return [
        say(`admin.reset.next.${state}`),
        ...(reason === null ? [] : [say('admin.reset.next.reason', { reason })]),
      ];
    }
    default:
      return unreachable(state);
  }
}

function factsOf(exchange: Exchange, request: ResetRequest, person: User | null): readonly Fact[] {
  const { say } = exchange.parts.renderer.words;
  const momentOf = momentsOf(exchange);
  const fact = (term: string, text: string | null, more: Partial<Fact> = {}): Fact => ({
    term: say(`admin.reset.fact.${term}`),
    text,
    ...more,
  });
  const { endedAt, endedByName } = request;
  return [
    fact('person', person?.displayName ?? request.username, {
      path: person === null ? null : `/admin/users/${person.id}`,
    }),
    fact('tier', request.tier),
    fact('reason', request.reason),
    fact('ticket', request.ticket),
    fact('by', request.requestedByName),
    fact('asked', null, { moment: momentOf(request.createdAt) }),
    ...(endedAt === null
      ? []
      : [fact('ended', endedByName ?? say('admin.reset.by-time'), { moment: momentOf(endedAt) })]),
    fact('id', request.id, { isCode: true }),
  ];
}
