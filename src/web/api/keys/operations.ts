/** API keys of service accounts. */

import { z } from 'zod';
import type { ApiKeyId, UserId } from '../../../core/ids.ts';
import { createApiKey, listApiKeys, revokeApiKey } from '../../../flows/tokens/api-keys.ts';
import type { ApiKey } from '../../../stores/types/administration.ts';
import { instant, instantOf, instantOrNull, success } from '../answers.ts';
import { forAdministrator, type Operation, reply } from '../operation.ts';
import { keysetOf, pageAnswer, pageOf, pageQuery } from '../paging.ts';

const tag = 'API keys';

const userId = z
  .string()
  .min(1)
  .max(64)
  .meta({ examples: ['usr_3q2-7wEjRWeJq83v'] });

const apiKey = z
  .strictObject({
    id: z.string().meta({ examples: ['key_3q2-7wEjRWeJq83v'] }),
    user_id: userId,
    name: z.string().meta({ examples: ['Nightly batch'] }),
    created_by: z.string(),
    created_at: instant,
    expires_at: instant.nullable().describe('Null: until it is revoked.'),
    last_used_at: instant.nullable(),
  })
  .meta({ id: 'ApiKey', description: 'A key, without its secret.' });

const createdKey = z
  .strictObject({
    key: apiKey,
    api_key: z.string().describe('The key itself. It is shown this once.'),
  })
  .meta({ id: 'CreatedApiKey', description: 'A key that was just made.' });

/** Rows of the table. */
export const apiKeyOperations: readonly Operation[] = [
  forAdministrator('view', {
    method: 'GET',
    path: '/api-keys',
    id: 'listApiKeys',
    tag,
    summary: 'The keys of the tenant, newest first',
    query: pageQuery.extend({
      user_id: userId.optional().describe('Only those of this service account.'),
    }),
    answers: { 200: { description: 'A page of keys.', body: pageOf(apiKey) } },
    async answer({ parts, admin, query }) {
      const of = { userId: (query.user_id as UserId | undefined) ?? null };
      const rows = await listApiKeys(parts.flows, admin, of, keysetOf(query));
      return reply(200, pageAnswer(rows, query, { item: keyAnswer, after: ({ id }) => id }));
    },
  }),
  forAdministrator('manage', {
    method: 'POST',
    path: '/api-keys',
    id: 'createApiKey',
    tag,
    summary: 'Make a key for a service account',
    body: z.strictObject({
      user_id: userId,
      name: z.string().min(1).max(200),
      expires_at: instant.nullable().default(null),
    }),
    answers: { 201: { description: 'The key, with its secret.', body: createdKey } },
    problems: ['not-found', 'conflict'],
    examples: {
      'for a year': {
        user_id: 'usr_3q2-7wEjRWeJq83v',
        name: 'Nightly batch',
        expires_at: '2027-03-02T09:30:00Z',
      },
    },
    async answer({ parts, admin, body }) {
      const { key, secret } = await createApiKey(parts.flows, admin, {
        userId: body.user_id as UserId,
        name: body.name,
        expiresAt: body.expires_at === null ? null : Date.parse(body.expires_at),
      });
      return reply(201, { key: keyAnswer(key), api_key: secret });
    },
  }),
  forAdministrator('manage', {
    method: 'DELETE',
    path: '/api-keys/{id}',
    id: 'revokeApiKey',
    tag,
    summary: 'Revoke a key',
    description:
      'Tokens that its service account obtained end with it, whichever key they came of.',
    answers: { 200: { description: 'It is revoked.', body: success } },
    problems: ['not-found'],
    async answer({ parts, admin, parameters }) {
      await revokeApiKey(parts.flows, admin, parameters['id'] as ApiKeyId);
      return reply(200, { success: true });
    },
  }),
];

function keyAnswer(key: ApiKey): z.output<typeof apiKey> {
  return {
    id: key.id,
    user_id: key.userId,
    name: key.name,
    created_by: key.createdBy,
    created_at: instantOf(key.createdAt),
    expires_at: instantOrNull(key.expiresAt),
    last_used_at: instantOrNull(key.lastUsedAt),
  };
}
