/** `POST /auth/token`: an API key for a token of its service account. */

import { z } from 'zod';
import { Problem } from '../../../core/problem.ts';
import { tokenByApiKey } from '../../../flows/tokens/token-by-api-key.ts';
import { tokenAnswer, tokenMembers } from '../answers.ts';
import type { ApiCall } from '../operation.ts';

/** The key. */
export const tokenByKeyBody = z.strictObject({
  api_key: z
    .string()
    .min(1)
    .max(200)
    .meta({ examples: ['sp_key_3q2-7wEjRWeJq83v_9fQh…'] }),
});

/** A token of a service account. */
export const tokenForService = z
  .strictObject({
    ...tokenMembers,
    service: z.strictObject({ id: z.string(), username: z.string(), tenant_id: z.string() }),
  })
  .meta({ id: 'TokenForService', description: 'A token of a service account.' });

/** Answers with a token. */
export async function postTokenByKey({
  parts,
  body,
  visit,
  now,
}: ApiCall<z.output<typeof tokenByKeyBody>>) {
  const ctx = { ...parts.flows, signer: parts.signer };
  const answer = await tokenByApiKey(ctx, visit, body.api_key);
  if (!answer.ok) throw new Problem(answer.reason);
  const { id, username, tenant } = answer.issued.session.principal;
  const service = { id, username, tenant_id: tenant };
  return { status: 200, body: { ...tokenAnswer(answer.issued, now), service } } as const;
}
