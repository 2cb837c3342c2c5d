/**
 * Trying one thing after the other and writing down what was seen. A check passes by what it saw
 * and by nothing else: whatever is thrown on the way is a failure.
 */

import { Problem } from '../../../core/problem.ts';
import type { Logger } from '../../../platform/log.ts';
import { StoreUnavailable } from '../../../stores/types.ts';
import { outcomeOf, type Check, type Verification, type VerificationId } from '../report.ts';

/** What is asked. */
export interface Question {
  readonly what: string;
  readonly how: string;
  readonly expected: string;
}

/** What was seen. */
export interface Seen {
  readonly passed: boolean;
  readonly seen: string;
}

/** The run was told to end, or took too long. Nothing is reported; everything is removed. */
export class RunStopped extends Error {}

/** A step that must be taken for a check was refused by a flow. */
export class WasRefused extends Error {
  readonly seen: string;

  constructor(step: string, reason: string) {
    super(`${step}: ${reason}`);
    this.seen = `Refused at ${step}: ${reason}.`;
  }
}

/** What follows rests on a check that failed, and cannot be tried. */
class CannotGoOn extends Error {}

/** The checks of one verification, in the making. */
export interface Verifying {
  /** Tries something and says whether it came out as expected. */
  check(question: Question, tryIt: () => Promise<Seen> | Seen): Promise<boolean>;
  /** The same where all that follows rests on it: a failure ends this verification. */
  need<Value>(
    question: Question,
    tryIt: () => Promise<Seen & { readonly value: Value | null }>,
  ): Promise<Value>;
  /** Says why something is not asked of this installation, and what it says instead. */
  skip(question: Pick<Question, 'what'>, why: string): void;
}

/** Runs the checks of one verification. A store that does not answer ends the whole run. */
export async function verify(
  id: VerificationId,
  title: string,
  run: { readonly ctx: { readonly log: Logger }; goOn(): void },
  work: (verifying: Verifying) => Promise<void>,
): Promise<Verification> {
  const checks: Check[] = [];
  const note = (check: Omit<Check, 'id'>): void => {
    checks.push({ id: `${id}.${String(checks.length + 1)}`, ...check });
  };

  const check: Verifying['check'] = async ({ what, how, expected }, tryIt) => {
    run.goOn();
    let seen: Seen;
    try {
      seen = await tryIt();
    } catch (error) {
      seen = { passed: false, seen: unexpected(error, run.ctx.log) };
    }
    note({ what, how, expected, seen: seen.seen, outcome: seen.passed ? 'passed' : 'failed' });
    return seen.passed;
  };
  const verifying: Verifying = {
    check,
    async need(question, tryIt) {
      let value: Awaited<ReturnType<typeof tryIt>>['value'] = null;
      const passed = await check(question, async () => {
        const tried = await tryIt();
        ({ value } = tried);
        return tried;
      });
      if (!passed || value === null) throw new CannotGoOn();
      return value;
    },
    skip({ what }, why) {
      note({ what, how: '', expected: why, seen: '', outcome: 'not-applicable' });
    },
  };

  try {
    await work(verifying);
  } catch (error) {
    if (!(error instanceof CannotGoOn)) {
      const seen = unexpected(error, run.ctx.log);
      const what = 'Everything that this verification needs can be set up.';
      note({ what, how: '', expected: 'Nothing unexpected.', seen, outcome: 'failed' });
    }
  }
  return { id, title, outcome: outcomeOf(checks), checks };
}

/** What is written of an error; its text may hold anything, and goes to the log only. */
function unexpected(error: unknown, log: Logger): string {
  if (error instanceof StoreUnavailable || error instanceof RunStopped) throw error;
  if (error instanceof CannotGoOn) throw error;
  if (error instanceof WasRefused) return error.seen;
  if (error instanceof Problem) return `The problem ${error.code} came up.`;
  log.warn({ err: error }, 'evidence: something unexpected');
  return `Something unexpected came up (${error instanceof Error ? error.name : typeof error}); see the log.`;
}
