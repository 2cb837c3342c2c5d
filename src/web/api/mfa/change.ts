/** `DELETE /mfa` and `POST /mfa/backup-codes`: what costs the password and a code anew. */

import { z } from 'zod';
import type { SessionFacts } from '../../../core/facts.ts';
import { Problem } from '../../../core/problem.ts';
import { disableMfa } from '../../../flows/account/disable-mfa.ts';
import { regenerateRecoveryCodes } from '../../../flows/account/regenerate-codes.ts';
import { confirmRecoveryCodes, takeRecoveryCodes } from '../../../flows/enroll/recovery-codes.ts';
import { tokenMembers } from '../answers.ts';
import { appCode, codeMembers, guessIn, oneCode, refusalProblem } from '../codes.ts';
import type { ApiAnswer, ApiCall } from '../operation.ts';
import { issuedMembers } from './set-up.ts';

const password = z.string().min(1).max(4096);

/** What switching off costs. Without a code: a passkey must just have been used on the step-up page. */
export const disableBody = oneCode(
  z.strictObject({ password, code: codeMembers.code, backup_code: codeMembers.backup_code }),
  'code',
);

/** Switched off. */
export const disabled = z
  .strictObject({
    success: z.literal(true),
    enabled: z.literal(false),
    token: tokenMembers.token.optional(),
    token_type: tokenMembers.token_type.optional(),
    expires_in: tokenMembers.expires_in.optional(),
    enrollment_token: z.string().optional(),
  })
  .meta({
    id: 'MfaDisabled',
    description: 'Everything enrolled is gone, every other session and token has ended.',
  });

/** Switches the second step off. */
export async function deleteMfa({
  parts,
  visit,
  session,
  body,
  now,
  rise,
}: ApiCall<z.output<typeof disableBody>, undefined, SessionFacts>): Promise<
  ApiAnswer<{ 200: { description: string; body: typeof disabled } }>
> {
  const guess = guessIn(body) ?? ({ method: 'webauthn' } as const);
  const proof = { password: body.password, ...guess };
  const answer = await disableMfa(parts.flows, visit, session, proof);
  if (!answer.ok) throw refusalProblem(answer, now);
  const risen = await rise(answer.session);
  return { status: 200, body: { success: true, enabled: false, ...issuedMembers(risen, now) } };
}

/** What a new set costs. Without a code: a passkey must just have been used on the step-up page. */
export const backupCodesBody = z.strictObject({ password, code: appCode.optional() });

/** The new set. */
export const backupCodes = z
  .strictObject({ backup_codes: z.array(z.string()).describe('Shown this once; live at once.') })
  .meta({ id: 'BackupCodes', description: 'New backup codes.' });

/** Makes a new set in place of the old one. */
export async function postBackupCodes({
  parts,
  visit,
  session,
  body,
  now,
}: ApiCall<z.output<typeof backupCodesBody>, undefined, SessionFacts>) {
  const { flows } = parts;
  const proof = { password: body.password, code: body.code ?? null };
  const answer = await regenerateRecoveryCodes(flows, visit, session, proof);
  if (!answer.ok) throw refusalProblem(answer, now);
  const codes = await takeRecoveryCodes(flows, session);
  // Another browser made a set in the same moment; that one is shown there.
  if (codes === null || !(await confirmRecoveryCodes(flows, visit, session))) {
    throw new Problem('conflict', { detail: 'Another set was made at the same time.' });
  }
  return { status: 200, body: { backup_codes: codes } } as const;
}
