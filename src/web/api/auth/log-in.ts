/** `POST /auth/login` and `POST /auth/mfa`: a password and a second factor for a token. */

import { z } from 'zod';
import { pageUrl } from '../../../core/locations.ts';
import { Problem } from '../../../core/problem.ts';
import { unreachable } from '../../../core/unreachable.ts';
import { answerMfa, logIn, type LogInAnswer } from '../../../flows/tokens/log-in.ts';
import { caller, callerAnswer, method, tokenAnswer, tokenMembers } from '../answers.ts';
import { codeMembers, guessIn, oneCode, refusalProblem } from '../codes.ts';
import type { ApiAnswer, ApiCall } from '../operation.ts';

/** What is typed. */
export const logInBody = oneCode(
  z.strictObject({
    username: z.string().min(1).max(200),
    password: z.string().min(1).max(4096),
    tenant_id: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('Where it is given, an account of another tenant does not match.'),
    mfa_code: codeMembers.code,
    backup_code: codeMembers.backup_code,
  }),
  'mfa_code',
);

/** A second factor for the token of the first. */
export const mfaBody = oneCode(
  z.strictObject({
    mfa_token: z.string().min(1).max(12_000),
    code: codeMembers.code,
    backup_code: codeMembers.backup_code,
  }),
  'code',
);

/** Signed in. */
export const tokenForPerson = z
  .strictObject({
    ...tokenMembers,
    user: caller,
    remaining_codes: z
      .int()
      .optional()
      .describe('After a backup code was used: how many are left.'),
  })
  .meta({ id: 'TokenForPerson', description: 'Signed in.' });

/** The second factor is still asked for. */
export const mfaRequired = z
  .strictObject({
    mfa_required: z.literal(true),
    mfa_token: z.string().describe('Good for one right answer, for five minutes.'),
    expires_in: z.int().describe('Seconds until it ends.'),
    methods: z
      .array(method)
      .describe('What the caller could answer with. Passkeys work on the sign-in page alone.'),
    user: z.strictObject({ id: z.string(), username: z.string(), display_name: z.string() }),
    sign_in_url: z.url().describe('Where the person signs in with a passkey, in a browser.'),
  })
  .meta({
    id: 'MfaRequired',
    description: 'The password was right; a second factor is asked for.',
  });

/** Either. */
export const logInAnswer = z.union([tokenForPerson, mfaRequired]);

/** What may go wrong, beside what may go wrong anywhere. */
export const logInProblems = [
  'invalid-credentials',
  'account-disabled',
  'enrollment-required',
  'policy-forbids',
  'not-signed-in',
  'too-busy',
] as const;

/** Signs in. */
export async function postLogIn(
  call: ApiCall<z.output<typeof logInBody>>,
): Promise<ApiAnswer<{ 200: { description: string; body: typeof logInAnswer } }>> {
  const { parts, body, visit } = call;
  const { username, password, tenant_id: tenant = null } = body;
  const guess = guessIn({ code: body.mfa_code, backup_code: body.backup_code });
  const ctx = { ...parts.flows, signer: parts.signer };
  return answerFor(call, await logIn(ctx, visit, { username, password, tenant, guess }));
}

/** Answers the second factor. */
export async function postMfa(
  call: ApiCall<z.output<typeof mfaBody>>,
): Promise<ApiAnswer<{ 200: { description: string; body: typeof tokenForPerson } }>> {
  const { parts, body, visit } = call;
  const holder = await parts.recallToken(body.mfa_token, { kinds: ['mfa'], scope: 'api' });
  if (holder === null) throw new Problem('invalid-token');
  if (holder.session.principal.isDisabled) throw new Problem('account-disabled');
  const guess = guessIn(body);
  if (guess === null) throw new Problem('invalid-request');
  const ctx = { ...parts.flows, signer: parts.signer };
  const answer = await answerMfa(ctx, visit, holder, guess);
  const { status, body: answered } = answerFor(call, answer);
  if (!('token' in answered)) throw new Problem('invalid-credentials');
  return { status, body: answered };
}

function answerFor(
  { config, now }: ApiCall,
  answer: LogInAnswer,
): ApiAnswer<{ 200: { description: string; body: typeof logInAnswer } }> {
  if (!answer.ok) throw refusalProblem(answer, now);
  const { issued } = answer;
  const { token, expires_in } = tokenAnswer(issued, now);
  const { principal } = issued.session;
  switch (answer.outcome) {
    case 'complete': {
      const left = answer.recoveryCodesLeft;
      const body = {
        token,
        token_type: 'Bearer' as const,
        expires_in,
        user: callerAnswer(principal, config),
        ...(left !== null && { remaining_codes: left }),
      };
      return { status: 200, body };
    }
    case 'challenge': {
      const { id, username, displayName } = principal;
      const body = {
        mfa_required: true as const,
        mfa_token: token,
        expires_in,
        methods: answer.methods,
        user: { id, username, display_name: displayName },
        sign_in_url: pageUrl(config.portal, 'sign-in'),
      };
      return { status: 200, body };
    }
    case 'enroll':
      throw new Problem('enrollment-required', {
        detail: 'Something must be enrolled first. The enrollment token is good for that alone.',
        members: {
          enrollment_token: token,
          expires_in,
          missing: answer.missing,
          enroll_url: pageUrl(config.portal, 'enroll'),
        },
      });
    default:
      return unreachable(answer);
  }
}
