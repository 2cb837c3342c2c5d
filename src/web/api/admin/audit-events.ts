/** The audit trail: a page at a time, one event, and whether the chain holds. */

import { z } from 'zod';
import { auditDocument } from '../../../core/audit-document.ts';
import { type AuditEvent, auditEventTypes, severities } from '../../../core/audit-event.ts';
import type { AuditEventId, SessionKey } from '../../../core/ids.ts';
import { type FieldFault, Problem } from '../../../core/problem.ts';
import { browseAudit, findAuditEvent, verifyAudit } from '../../../flows/admin/audit-trail.ts';
import { forAdministrator, type Operation, reply } from '../operation.ts';
import { keysetOf, pageAnswer, pageOf, pageQuery } from '../paging.ts';

const tag = 'Audit';

const auditEvent = z
  .strictObject({
    id: z.string().meta({ examples: ['evt_0mb3k1v9z0a1b2c3d4e5f60718293a4b5'] }),
    at: z.iso.datetime().describe('To the millisecond: the hash covers it as it stands.'),
    // Not the list of today: events of earlier and later versions stand in the same trail.
    type: z.string().meta({ examples: ['session.signed-in'] }),
    severity: z.enum(severities),
    actor: z.string().describe('A username, `cli`, `system` or `unknown`.'),
    subject: z.string().nullable().describe('Id of the account that it is about.'),
    tenant: z.string(),
    ip: z.string().nullable(),
    user_agent: z.string().nullable(),
    session: z.string().nullable(),
    request_id: z.string().nullable(),
    details: z.record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]),
    ),
    previous_hash: z.string(),
    hash: z.string().describe('SHA-256 over the rest as canonical JSON (RFC 8785).'),
  })
  .meta({ id: 'AuditEvent', description: 'A fact that is kept.' });

/** Rows of the table. */
export const auditOperations: readonly Operation[] = [
  forAdministrator('view', {
    method: 'GET',
    path: '/audit-events',
    id: 'listAuditEvents',
    tag,
    summary: "Your tenant's events, newest first",
    query: pageQuery.extend({
      type: z.enum(auditEventTypes).optional(),
      severity: z.enum(severities).optional(),
      person: z.string().max(200).optional().describe('Username or id of whom it is about.'),
      actor: z.string().max(200).optional(),
      ip: z.string().max(100).optional(),
      request_id: z.string().max(200).optional(),
      session: z.string().max(200).optional(),
      from: z.iso.datetime({ offset: true }).optional().describe('From this instant on.'),
      to: z.iso.datetime({ offset: true }).optional().describe('Before this instant.'),
    }),
    answers: { 200: { description: 'A page of them.', body: pageOf(auditEvent) } },
    answer: async ({ parts, admin, query }) => {
      const search = {
        types: query.type === undefined ? null : [query.type],
        severities: query.severity === undefined ? null : [query.severity],
        person: query.person ?? null,
        actor: query.actor ?? null,
        ip: query.ip ?? null,
        requestId: query.request_id ?? null,
        session: (query.session ?? null) as SessionKey | null,
        from: query.from === undefined ? null : Date.parse(query.from),
        to: query.to === undefined ? null : Date.parse(query.to),
      };
      const { after } = keysetOf(query);
      const page = { after: after as AuditEventId | null, limit: query.limit + 1 };
      const found = await browseAudit(parts.flows, admin, search, page);
      if (!found.ok) throw unfit(found.faults);
      const of = { item: auditEventAnswer, after: ({ id }: AuditEvent) => id };
      return reply(200, pageAnswer(found.events, query, of));
    },
  }),
  forAdministrator('view', {
    method: 'GET',
    path: '/audit-events/{id}',
    id: 'showAuditEvent',
    tag,
    summary: 'One event',
    answers: { 200: { description: 'The event.', body: auditEvent } },
    problems: ['not-found'],
    answer: async ({ parts, admin, parameters }) => {
      const found = await findAuditEvent(parts.flows, admin, parameters['id'] ?? '');
      if (found === null) throw new Problem('not-found');
      return reply(200, auditEventAnswer(found.event));
    },
  }),
  forAdministrator('view', {
    method: 'POST',
    path: '/audit-events/verify',
    id: 'verifyAuditChain',
    tag,
    summary: 'Recompute the hash chain',
    description: 'For those who run the installation (tenant `default`): the chain is one.',
    isRepeatable: false,
    body: z
      .strictObject({
        scope: z
          .enum(['all', 'since-checked'])
          .default('since-checked')
          .describe('Everything, or from where the last whole verification ended.'),
      })
      .prefault({}),
    answers: {
      200: {
        description: 'What came of it.',
        body: z.strictObject({
          whole: z.boolean(),
          events: z.int().describe('How many fit.'),
          broken_at: z.string().nullable().describe('Id of the first event that does not fit.'),
          why: z.string().nullable(),
        }),
      },
    },
    problems: ['not-permitted'],
    answer: async ({ parts, admin, body }) => {
      const answer = await verifyAudit(parts.flows, admin, body.scope);
      const { events } = answer;
      return reply(
        200,
        answer.ok
          ? { whole: true, events, broken_at: null, why: null }
          : { whole: false, events, broken_at: answer.brokenAt, why: answer.why },
      );
    },
  }),
];

function auditEventAnswer(event: AuditEvent): z.output<typeof auditEvent> {
  return { ...auditDocument(event), hash: event.hash } as z.output<typeof auditEvent>;
}

const faultSentences = {
  'no-such-person': 'There is nobody of this name.',
  'no-address': 'This is not an IP address.',
  'ends-before-it-begins': 'This is not after `from`.',
  'no-such-event': 'The event that the page was to begin behind is not there any more.',
} as const;

const pointers = {
  person: '/query/person',
  ip: '/query/ip',
  period: '/query/to',
  place: '/query/cursor',
} as const;

function unfit(
  faults: readonly {
    readonly field: keyof typeof pointers;
    readonly reason: keyof typeof faultSentences;
  }[],
): Problem {
  const errors: readonly FieldFault[] = faults.map(({ field, reason }) => ({
    pointer: pointers[field],
    detail: faultSentences[reason],
  }));
  return new Problem('validation-failed', { members: { errors } });
}
