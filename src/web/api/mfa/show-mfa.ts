/** `GET /mfa`: what the caller has enrolled, and what is still asked of them. */

import { z } from 'zod';
import type { SessionFacts } from '../../../core/facts.ts';
import { enrollmentDue, enrollmentMissing, graceEndOf } from '../../../core/policy/decide.ts';
import { mustHaveSecondFactor } from '../../../core/policy/removal.ts';
import { instant, instantOf, instantOrNull, method } from '../answers.ts';
import type { ApiCall } from '../operation.ts';

/** What is answered. */
export const mfaStatus = z
  .strictObject({
    authenticators: z.array(
      z.strictObject({
        id: z.string().meta({ examples: ['ath_3q2-7wEjRWeJq83v'] }),
        method,
        name: z.string().meta({ examples: ['Authenticator app'] }),
        created_at: instant,
        last_used_at: instant.nullable(),
      }),
    ),
    missing: z.array(method).describe('What the policy asks for and is not enrolled.'),
    recovery_codes_left: z.int(),
    required: z.boolean().describe('Tier or tenant ask for a second factor, now or before long.'),
    enroll_by: instant
      .nullable()
      .describe('Until when the caller may do without one; null: nothing is due.'),
  })
  .meta({ id: 'MfaStatus', description: 'What is enrolled, and what is still asked for.' });

/** Answers what is enrolled. */
export async function showMfa({
  parts,
  config,
  session,
  now,
}: ApiCall<unknown, unknown, SessionFacts>) {
  const { policy } = config;
  const all = await parts.flows.stores.authenticators.listOfUser(session.principal.id);
  const due = enrollmentDue(session, policy, now);
  const body: z.input<typeof mfaStatus> = {
    authenticators: all.map(({ id, method, name, createdAt, lastUsedAt }) => ({
      id,
      method,
      name,
      created_at: instantOf(createdAt),
      last_used_at: instantOrNull(lastUsedAt),
    })),
    missing: [...(due?.missing ?? enrollmentMissing(session, policy))],
    recovery_codes_left: session.recoveryCodesLeft,
    required: mustHaveSecondFactor(session, policy),
    enroll_by: instantOrNull(graceEndOf(session, policy)),
  };
  return { status: 200, body } as const;
}
