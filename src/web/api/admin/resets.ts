/** Resets: asked for, approved, carried out (flows/admin/resets.ts), and lists of them. */

import { z } from 'zod';
import type { ResetRequestId, UserId } from '../../../core/ids.ts';
import { tiers } from '../../../core/policy/mfa-policy.ts';
import { approvalRoles, resetStates } from '../../../core/reset-request.ts';
import {
  approveReset,
  cancelReset,
  executeReset,
  rejectReset,
  requestReset,
} from '../../../flows/admin/resets.ts';
import type { ResetExecution } from '../../../flows/admin/resets/carry-out.ts';
import { enrollmentWays } from '../../../flows/admin/resets/enroll-again.ts';
import { findReset, listResets } from '../../../flows/admin/resets/list-resets.ts';
import { proofingChecksMax, resetTextMax } from '../../../flows/admin/resets/reset-input.ts';
import type { ResetRequest } from '../../../stores/types/administration.ts';
import { instant, instantOf, instantOrNull } from '../answers.ts';
import { forAdministrator, type Operation, reply } from '../operation.ts';
import { keysetOf, pageAnswer, pageOf, pageQuery } from '../paging.ts';
import { ownTenant } from './own-tenant.ts';

const tag = 'Resets';

const proofing = z.strictObject({
  kind: z
    .string()
    .max(resetTextMax.kind)
    .meta({ examples: ['id-document'] }),
  reference: z
    .string()
    .max(resetTextMax.reference)
    .meta({ examples: ['HR-2231'] }),
});

const resetRequest = z
  .strictObject({
    id: z.string().meta({ examples: ['rst_3q2-7wEjRWeJq83v'] }),
    state: z.enum(resetStates),
    user_id: z.string(),
    username: z.string(),
    tier: z.enum(tiers),
    requested_by: z.string().describe('Username.'),
    reason: z.string(),
    ticket: z.string(),
    proofing: z.array(proofing),
    approvals_needed: z.int(),
    approvals: z.array(
      z.strictObject({ approver: z.string(), role: z.enum(approvalRoles), at: instant }),
    ),
    created_at: instant,
    expires_at: instant,
    ended_at: instant.nullable(),
    ended_by: z.string().nullable().describe('Username; null also where its time was up.'),
    end_reason: z.string().nullable(),
  })
  .meta({ id: 'ResetRequest', description: 'A request to remove what somebody has enrolled.' });

const execution = z
  .strictObject({
    enrollment_url: z
      .string()
      .nullable()
      .describe('One-time link for the person, shown this once; null: they enroll supervised.'),
    supervised_until: instant
      .nullable()
      .describe('Until then the person may enroll after signing in; null: by link only.'),
    removed: z.strictObject({
      authenticators: z.int(),
      recovery_codes: z.int(),
      trusted_devices: z.int(),
    }),
  })
  .meta({ id: 'ResetExecution', description: 'What a reset took away, and what it opened.' });

const asked = z.strictObject({
  reason: z.string().max(resetTextMax.reason),
  ticket: z.string().max(resetTextMax.ticket),
  proofing: z.array(proofing).max(proofingChecksMax).default([]),
  enrollment: z
    .enum(enrollmentWays)
    .default('supervised')
    .describe('How the person enrolls again, where this is carried out at once.'),
});

const example = {
  reason: 'Phone lost on the way to work',
  ticket: 'OPS-1234',
  proofing: [
    { kind: 'id-document', reference: 'HR-2231' },
    { kind: 'call-back', reference: 'number on file' },
  ],
};

const one = { reset_request: resetRequest };
const oneAnswer = {
  200: { description: 'The request as it stands now.', body: z.strictObject(one) },
};
const ending = z.strictObject({ reason: z.string().max(resetTextMax.reason) });
const stepProblems = ['not-found', 'not-permitted', 'conflict', 'step-up-required'] as const;

/** Rows of the table. */
export const resetOperations: readonly Operation[] = [
  forAdministrator('request-reset', {
    method: 'POST',
    path: '/tenants/{tenant_id}/users/{user_id}/reset-mfa',
    id: 'requestReset',
    tag,
    summary: 'Ask for the reset of what somebody has enrolled',
    description:
      'Carried out at once (200) where the policy asks for no approval and the caller may execute ' +
      'resets; else it waits (202).',
    body: asked,
    answers: {
      200: { description: 'It was carried out.', body: z.strictObject({ ...one, execution }) },
      202: { description: 'It waits for approval or execution.', body: z.strictObject(one) },
    },
    problems: [...stepProblems, 'policy-forbids'],
    examples: { 'lost phone': example },
    answer: async (call) => {
      ownTenant(call);
      const userId = (call.parameters['user_id'] ?? '') as UserId;
      const made = await requestReset(call.parts.flows, call.admin, { ...call.body, userId });
      const reset_request = resetRequestAnswer(made.request);
      return made.execution === null
        ? reply(202, { reset_request })
        : reply(200, { reset_request, execution: executionAnswer(made.execution) });
    },
  }),
  forAdministrator('view', {
    method: 'GET',
    path: '/reset-requests',
    id: 'listResetRequests',
    tag,
    summary: 'Requests, newest first',
    query: pageQuery.extend({
      state: z.enum(resetStates).optional(),
      user_id: z.string().max(100).optional(),
    }),
    answers: { 200: { description: 'A page of them.', body: pageOf(resetRequest) } },
    answer: async ({ parts, admin, query }) => {
      const filter = {
        states: query.state === undefined ? null : [query.state],
        user: (query.user_id ?? null) as UserId | null,
      };
      const rows = await listResets(parts.flows, admin, filter, keysetOf(query));
      const body = pageAnswer(rows, query, { item: resetRequestAnswer, after: ({ id }) => id });
      return { status: 200, body };
    },
  }),
  forAdministrator('view', {
    method: 'GET',
    path: '/reset-requests/{id}',
    id: 'showResetRequest',
    tag,
    summary: 'One request',
    answers: oneAnswer,
    problems: ['not-found'],
    answer: async ({ parts, admin, parameters }) => {
      const found = await findReset(parts.flows, admin, idIn(parameters));
      return reply(200, { reset_request: resetRequestAnswer(found) });
    },
  }),
  forAdministrator('approve-reset', {
    method: 'POST',
    path: '/reset-requests/{id}/approve',
    id: 'approveReset',
    tag,
    summary: 'Approve a request',
    body: z
      .strictObject({
        role: z
          .enum(approvalRoles)
          .optional()
          .describe('In which role; by default the first of yours that is still wanted.'),
      })
      .optional(),
    answers: oneAnswer,
    problems: [...stepProblems, 'policy-forbids'],
    answer: async ({ parts, admin, parameters, body }) => {
      const role = body?.role;
      const input = { id: idIn(parameters), ...(role !== undefined && { role }) };
      const request = await approveReset(parts.flows, admin, input);
      return reply(200, { reset_request: resetRequestAnswer(request) });
    },
  }),
  forAdministrator('approve-reset', {
    method: 'POST',
    path: '/reset-requests/{id}/reject',
    id: 'rejectReset',
    tag,
    summary: 'Say no to an open request',
    body: ending,
    answers: oneAnswer,
    problems: stepProblems,
    answer: async ({ parts, admin, parameters, body }) => {
      const input = { id: idIn(parameters), ...body };
      const request = await rejectReset(parts.flows, admin, input);
      return reply(200, { reset_request: resetRequestAnswer(request) });
    },
  }),
  forAdministrator('request-reset', {
    method: 'POST',
    path: '/reset-requests/{id}/cancel',
    id: 'cancelReset',
    tag,
    summary: 'Take an open request back',
    body: ending,
    answers: oneAnswer,
    problems: stepProblems,
    answer: async ({ parts, admin, parameters, body }) => {
      const input = { id: idIn(parameters), ...body };
      const request = await cancelReset(parts.flows, admin, input);
      return reply(200, { reset_request: resetRequestAnswer(request) });
    },
  }),
  forAdministrator('execute-reset', {
    method: 'POST',
    path: '/reset-requests/{id}/execute',
    id: 'executeReset',
    tag,
    summary: 'Carry out an approved request',
    body: z.strictObject({ enrollment: z.enum(enrollmentWays).default('supervised') }).prefault({}),
    answers: {
      200: { description: 'It was carried out.', body: z.strictObject({ ...one, execution }) },
    },
    problems: [...stepProblems, 'policy-forbids'],
    answer: async ({ parts, admin, parameters, body }) => {
      const input = { id: idIn(parameters), ...body };
      const executed = await executeReset(parts.flows, admin, input);
      return reply(200, {
        reset_request: resetRequestAnswer(executed.request),
        execution: executionAnswer(executed.execution),
      });
    },
  }),
];

function idIn(parameters: Readonly<Record<string, string>>): ResetRequestId {
  return (parameters['id'] ?? '') as ResetRequestId;
}

function resetRequestAnswer(request: ResetRequest): z.output<typeof resetRequest> {
  return {
    id: request.id,
    state: request.state,
    user_id: request.userId,
    username: request.username,
    tier: request.tier,
    requested_by: request.requestedByName,
    reason: request.reason,
    ticket: request.ticket,
    proofing: request.proofing.map(({ kind, reference }) => ({ kind, reference })),
    approvals_needed: request.approvalsNeeded,
    approvals: request.approvals.map(({ approverName, role, at }) => ({
      approver: approverName,
      role,
      at: instantOf(at),
    })),
    created_at: instantOf(request.createdAt),
    expires_at: instantOf(request.expiresAt),
    ended_at: instantOrNull(request.endedAt),
    ended_by: request.endedByName,
    end_reason: request.endReason,
  };
}

function executionAnswer({
  link,
  supervisedUntil,
  removed,
}: ResetExecution): z.output<typeof execution> {
  return {
    enrollment_url: link,
    supervised_until: instantOrNull(supervisedUntil),
    removed: {
      authenticators: removed.authenticators,
      recovery_codes: removed.recoveryCodes,
      trusted_devices: removed.trustedDevices,
    },
  };
}
