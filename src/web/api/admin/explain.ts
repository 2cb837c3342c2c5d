/** `POST /explain`: what would happen to a request, why, and what would let it pass. */

import { z } from 'zod';
import { type FieldFault, Problem } from '../../../core/problem.ts';
import { explainAccess } from '../../../flows/admin/explain-access.ts';
import type { AccessFault } from '../../../flows/admin/explain/explain-request.ts';
import { explanationDocument } from '../../../flows/admin/explain/explanation-document.ts';
import { forAdministrator, type Operation, reply } from '../operation.ts';

const asked = z.strictObject({
  method: z.string().max(30).default('GET'),
  url: z.string().max(8192).describe('The whole address, or a path on the public one.'),
  username: z.string().max(200).optional().describe('A person of your tenant; else nobody.'),
  groups: z
    .array(z.string().max(200))
    .max(100)
    .optional()
    .describe('Somebody in these groups instead of a person.'),
  ip: z.string().max(100).optional(),
  proofs: z
    .string()
    .max(500)
    .optional()
    .describe('What they proved and how long ago: `password,totp@5m`.'),
});

const check = z.strictObject({
  about: z.string(),
  wants: z.string(),
  sees: z.string(),
  outcome: z.enum(['holds', 'fails', 'not-looked-at']),
});

const explanation = z
  .strictObject({
    decision: z.string().meta({ examples: ['step-up'] }),
    reason: z.string().meta({ examples: ['proof-too-old'] }),
    sentence: z.string(),
    request: z.strictObject({
      url: z.string(),
      method: z.string().optional(),
      host: z.string().optional(),
      path: z.string().optional(),
      ip: z.string().optional(),
    }),
    route: z.string().nullable().optional(),
    rule: z.string().nullable().optional(),
    user: z
      .strictObject({
        username: z.string().nullable(),
        groups: z.array(z.string()),
        tier: z.string(),
        enrolled: z.array(z.string()),
        recovery_codes_left: z.int(),
        proofs: z.array(z.strictObject({ method: z.string(), at: z.iso.datetime() })),
      })
      .nullable()
      .optional(),
    assumptions: z.array(z.string()).optional().describe('What was not said and is supposed.'),
    routes: z
      .array(
        z.strictObject({
          name: z.string(),
          wants: z.string(),
          outcome: z.enum(['taken', 'passed-over', 'not-reached']),
          why: z.string().nullable(),
        }),
      )
      .optional(),
    rules: z
      .array(
        z.strictObject({
          id: z.string(),
          effect: z.enum(['public', 'deny', 'protect']),
          outcome: z.enum(['applies', 'passed-over', 'not-reached']),
          conditions: z.array(
            z.strictObject({
              kind: z.string(),
              wants: z.string(),
              sees: z.string(),
              holds: z.boolean(),
            }),
          ),
        }),
      )
      .optional(),
    checks: z.array(check).optional(),
    would_pass: z.array(z.string()).optional().describe('What would have to change.'),
  })
  .meta({ id: 'Explanation', description: 'A decision with everything that led to it.' });

/** Rows of the table. */
export const explainOperations: readonly Operation[] = [
  forAdministrator('view', {
    method: 'POST',
    path: '/explain',
    id: 'explainRequest',
    tag: 'Decisions',
    summary: 'Say what would happen to a request, and why',
    description: 'Nothing is sent anywhere and nothing changes.',
    isRepeatable: false,
    body: asked,
    answers: { 200: { description: 'The decision and what led to it.', body: explanation } },
    examples: {
      'why is it refused?': {
        url: '/console/orders',
        username: 'ben',
        ip: '10.20.0.7',
        proofs: 'password,totp@20m',
      },
    },
    answer: async ({ parts, config, admin, body }) => {
      const { method, url } = body;
      const answer = await explainAccess(parts.flows, admin, {
        method,
        url,
        ip: body.ip ?? null,
        username: body.username ?? null,
        groups: body.groups ?? null,
        proofs: body.proofs ?? null,
      });
      if (answer.outcome === 'unreadable') throw unreadable(answer.faults);
      const document = explanationDocument(answer, { url, portalUrl: config.portal.url });
      return reply(200, document);
    },
  }),
];

const faultSentences: Readonly<Record<AccessFault['field'], string>> = {
  url: 'This is no address; it looks like https://console.example.com/page, or /page.',
  host: 'This address has no valid host.',
  method: 'There is no such request method.',
  ip: 'This is not an IP address.',
  username: 'There is nobody of this name.',
  session: 'There is no such session.',
  groups: 'A person and groups are two ways to say who asks; keep one.',
  proofs: 'This cannot be read; it looks like password,totp@5m.',
};

function unreadable(faults: readonly AccessFault[]): Problem {
  const errors: readonly FieldFault[] = faults.map(({ field }) => ({
    pointer: field === 'host' ? '/url' : `/${field}`,
    detail: faultSentences[field],
  }));
  return new Problem('validation-failed', { members: { errors } });
}
