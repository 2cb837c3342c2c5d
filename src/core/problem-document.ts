/** A problem as a document for programs: `application/problem+json` (RFC 9457 §3). */

import type { RequestId } from './ids.ts';
import { type Problem, type ProblemMembers, problemTypes } from './problem.ts';

/** What stands in the body. `code` and the members of the problem are ours (RFC 9457 §3.2). */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly instance: string;
  readonly code: string;
  readonly [member: string]: ProblemMembers[string] | undefined;
}

/**
 * The document of a problem. Only what is public goes in: never the cause, never a stack.
 *
 * `type` is the address of a page of ours that explains the code; `instance` names this very
 * request, so that an operator finds it in the log.
 */
export function problemDocument(
  problem: Problem,
  portal: { readonly url: string },
  requestId: RequestId,
): ProblemDocument {
  const { title, status } = problemTypes[problem.code];
  return {
    // Members come first so that none of them can take the place of a standard one.
    ...problem.members,
    type: `${portal.url}/problems/${problem.code}`,
    title,
    status,
    ...(problem.detail !== null && { detail: problem.detail }),
    instance: `urn:sallyport:request:${requestId}`,
    code: problem.code,
    ...(problem.retryAfterSeconds !== null && {
      retry_after_seconds: problem.retryAfterSeconds,
    }),
  };
}
