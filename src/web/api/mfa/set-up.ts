/** `POST /mfa/setup` and `POST /mfa/verify`: enrolling an authenticator app. */

import { z } from 'zod';
import type { SessionFacts } from '../../../core/facts.ts';
import { enrollmentDue, usableSecondFactors } from '../../../core/policy/decide.ts';
import { Problem } from '../../../core/problem.ts';
import { unreachable } from '../../../core/unreachable.ts';
import { finishTotpEnrollment } from '../../../flows/enroll/enroll-totp.ts';
import { confirmRecoveryCodes, takeRecoveryCodes } from '../../../flows/enroll/recovery-codes.ts';
import { setUpApp } from '../../../flows/enroll/set-up-app.ts';
import { method, tokenAnswer, tokenMembers } from '../answers.ts';
import { appCode } from '../codes.ts';
import type { ApiAnswer, ApiCall, Risen } from '../operation.ts';

/** What is shown. */
export const appSetUp = z
  .strictObject({
    secret: z
      .string()
      .describe('Base32, to be typed.')
      .meta({ examples: ['JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'] }),
    otpauth_url: z.string().describe('The same for an app that opens it.'),
    qr_code: z.string().describe('The same to scan: a PNG in a `data:` URL.'),
    backup_codes: z
      .array(z.string())
      .describe(
        'Shown this once, live once /mfa/verify succeeds. Empty for who has some, and where the ' +
          'policy has none.',
      ),
  })
  .meta({ id: 'AppSetUp', description: 'A secret, and backup codes to keep.' });

/** Shows a secret and backup codes. */
export async function postSetUp({
  parts,
  visit,
  session,
}: ApiCall<undefined, undefined, SessionFacts>) {
  const { pending, picture, recoveryCodes } = await setUpApp(parts.flows, visit, session);
  return {
    status: 200,
    body: {
      secret: pending.secret,
      otpauth_url: pending.otpauthUrl,
      qr_code: picture,
      backup_codes: recoveryCodes,
    },
  } as const;
}

/** The first code of the app. */
export const verifyBody = z.strictObject({
  code: appCode,
  name: z
    .string()
    .max(200)
    .optional()
    .describe('What the app is called in lists; 1 to 60 characters.')
    .meta({ examples: ['Work phone'] }),
});

/** Enrolled. */
export const verified = z
  .strictObject({
    success: z.literal(true),
    enabled: z.boolean().describe('A second factor is asked for from now on.'),
    missing: z.array(method).describe('What must be enrolled still.'),
    backup_codes: z
      .array(z.string())
      .optional()
      .describe('In place of those of /mfa/setup, where another set was made meanwhile.'),
    token: tokenMembers.token.optional(),
    token_type: tokenMembers.token_type.optional(),
    expires_in: tokenMembers.expires_in.optional(),
    enrollment_token: z
      .string()
      .optional()
      .describe('In place of `token` while something is missing: good for enrolling alone.'),
  })
  .meta({
    id: 'Verified',
    description: 'Enrolled. Whoever came with a token is given one that says so.',
  });

/** Makes the app an authenticator. */
export async function postVerify(
  call: ApiCall<z.output<typeof verifyBody>, undefined, SessionFacts>,
): Promise<ApiAnswer<{ 200: { description: string; body: typeof verified } }>> {
  const { parts, config, visit, session, body, now, rise } = call;
  const answer = await finishTotpEnrollment(parts.flows, visit, session, {
    code: body.code,
    ...(body.name !== undefined && { name: body.name }),
    recoveryCodes: 'shown-before',
  });
  if (!answer.ok) throw refusalOf(answer.reason);
  const codes = answer.areCodesToShow ? await liveCodes(call) : null;
  const risen = await rise(answer.session);
  const { policy } = config;
  return {
    status: 200,
    body: {
      success: true,
      enabled: usableSecondFactors(risen.session, policy).length > 0,
      missing: enrollmentDue(risen.session, policy, now)?.missing ?? [],
      ...(codes !== null && { backup_codes: codes }),
      ...issuedMembers(risen, now),
    },
  };
}

/**
 * Another set, shown now and live: that of /mfa/setup was replaced by somebody else who set up for
 * this account at the same time.
 */
async function liveCodes({
  parts,
  visit,
  session,
}: ApiCall<unknown, unknown, SessionFacts>): Promise<readonly string[] | null> {
  const codes = await takeRecoveryCodes(parts.flows, session);
  if (codes === null) return null;
  return (await confirmRecoveryCodes(parts.flows, visit, session)) ? codes : null;
}

/** The members of a token that came of a rise; none for a browser, which has another cookie. */
export function issuedMembers({ issued }: Risen, now: number) {
  if (issued === null) return {};
  const answer = tokenAnswer(issued, now);
  return issued.kind === 'access'
    ? answer
    : { enrollment_token: answer.token, expires_in: answer.expires_in };
}

function refusalOf(reason: 'wrong-code' | 'expired' | 'name-not-printable'): Problem {
  switch (reason) {
    case 'wrong-code':
      return new Problem('invalid-credentials', { detail: 'The code is not right.' });
    case 'expired':
      return new Problem('challenge-expired', { detail: 'Begin again at /mfa/setup.' });
    case 'name-not-printable':
      return new Problem('validation-failed', {
        members: {
          errors: [{ pointer: '/name', detail: 'A name has 1 to 60 printable characters.' }],
        },
      });
    default:
      return unreachable(reason);
  }
}
