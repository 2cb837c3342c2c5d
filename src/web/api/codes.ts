/** Codes as calls carry them, and what is answered to one that is not accepted. */

import { z } from 'zod';
import { lockedForGood } from '../../core/attempts.ts';
import { Problem } from '../../core/problem.ts';
import type { EpochMs } from '../../core/time.ts';
import { unreachable } from '../../core/unreachable.ts';
import type { CodeGuess, CodeRefusal } from '../../flows/sign-in/guess-code.ts';

const backupCode = z
  .string()
  .transform(plain)
  .pipe(z.string().regex(/^[0-9A-Za-z]{1,64}$/, 'A backup code has letters and digits only.'))
  .meta({ type: 'string', examples: ['K7QF-9TRW-4HXM-2NBC'] });

/** A code of an authenticator app, six or eight digits. */
export const appCode = z
  .string()
  .transform(plain)
  .pipe(z.string().regex(/^\d{6}(?:\d{2})?$/, 'A code has six or eight digits.'))
  .meta({ type: 'string', examples: ['492039'] });

/** A code of either kind; a call carries one of them. */
export const codeMembers = {
  code: appCode.optional().describe('A code of the authenticator app.'),
  backup_code: backupCode.optional().describe('One of the backup codes; it works once.'),
};

/** Refuses a body that has both kinds of code: one would be used up for nothing. */
export function oneCode<Shape extends z.ZodRawShape>(
  body: z.ZodObject<Shape>,
  name: 'code' | 'mfa_code',
) {
  return body.refine((sent) => !(isThere(sent, name) && isThere(sent, 'backup_code')), {
    path: ['backup_code'],
    error: `Send ${name} or backup_code, not both.`,
  });
}

function isThere(sent: object, name: string): boolean {
  return (sent as Readonly<Record<string, unknown>>)[name] !== undefined;
}

/** The guess that a body holds, or null when it holds none. */
export function guessIn(sent: {
  readonly code?: string | undefined;
  readonly backup_code?: string | undefined;
}): CodeGuess | null {
  if (sent.code !== undefined) return { method: 'totp', code: sent.code };
  if (sent.backup_code === undefined) return null;
  return { method: 'recovery-code', code: sent.backup_code };
}

/** Why nobody got in. */
export type GuessRefusal =
  | CodeRefusal
  | { readonly ok: false; readonly reason: 'invalid-credentials' | 'account-disabled' };

/** The problem that a refusal amounts to. Which half was wrong is told to who got one right. */
export function refusalProblem(refusal: GuessRefusal, now: EpochMs): Problem {
  switch (refusal.reason) {
    case 'invalid-credentials':
    case 'account-disabled':
      return new Problem(refusal.reason);
    case 'wrong-code':
      return new Problem('invalid-credentials', {
        detail: 'The code is not right.',
        members: { attempts_left: refusal.failuresLeft },
      });
    case 'code-already-used':
      return new Problem('invalid-credentials', {
        detail: 'This code was used before. Wait for the next one.',
        members: { attempts_left: refusal.failuresLeft },
      });
    case 'locked':
      return lockedProblem(refusal.lockedUntil, now);
    default:
      return unreachable(refusal);
  }
}

function lockedProblem(lockedUntil: EpochMs, now: EpochMs): Problem {
  const detail = 'Codes are paused for this account. Passkeys go on working.';
  if (lockedUntil === lockedForGood) return new Problem('too-many-attempts', { detail });
  const seconds = Math.max(1, Math.ceil((lockedUntil - now) / 1000));
  return new Problem('too-many-attempts', { detail, retryAfterSeconds: seconds });
}

/** Without the blanks and hyphens that people and pasting add. */
function plain(code: string): string {
  return code.replaceAll(/[\s\u00ad\u200b\u2010-\u2015-]/g, '');
}
