/**
 * Problems: what we tell a caller who cannot go on (RFC 9457).
 *
 * One entry per type; the key is the wire code, the anchor in the docs and the value of
 * `Sallyport-Response`. Status codes stand here and in the forward-auth door, nowhere else.
 */

interface ProblemType {
  readonly status: number;
  readonly title: string;
}

/** Every problem that exists. */
export const problemTypes = {
  'invalid-request-target': { status: 400, title: 'The address of this request is not valid.' },
  'invalid-request': { status: 400, title: 'This request could not be read.' },
  'not-signed-in': { status: 401, title: 'Please sign in.' },
  'invalid-token': { status: 401, title: 'This token is not valid, or not any more.' },
  'invalid-credentials': { status: 401, title: 'That did not match.' },
  'second-factor-required': { status: 401, title: 'A second step is needed.' },
  'step-up-required': { status: 401, title: 'Please confirm it is you.' },
  'enrollment-required': { status: 403, title: 'A second step must be set up first.' },
  'network-not-allowed': {
    status: 403,
    title: 'This page can be opened from the administration network only.',
  },
  'not-admitted': { status: 403, title: 'You are not among those who may open this.' },
  'rule-denies': { status: 403, title: 'This is not allowed.' },
  'no-rule-applies': { status: 403, title: 'This is not allowed.' },
  'account-disabled': { status: 403, title: 'This account is disabled.' },
  'origin-not-allowed': { status: 403, title: 'This was opened by a page of another site.' },
  'form-expired': { status: 403, title: 'This form has expired.' },
  'enrollment-link-required': {
    status: 403,
    title: 'This account is set up again with a link, or while an administrator is present.',
  },
  'not-permitted': { status: 403, title: 'Your role does not allow this.' },
  'policy-forbids': { status: 403, title: 'The policy does not allow this.' },
  'no-route': { status: 404, title: 'There is nothing at this address.' },
  'not-found': { status: 404, title: 'There is nothing at this address.' },
  'method-not-allowed': { status: 405, title: 'This address does not answer that method.' },
  'request-timeout': { status: 408, title: 'This request took too long to arrive.' },
  conflict: { status: 409, title: 'This cannot be done as things stand.' },
  'idempotency-conflict': {
    status: 409,
    title: 'This idempotency key belongs to another request, or to one still under way.',
  },
  'challenge-expired': { status: 410, title: 'This step has expired.' },
  'body-too-large': { status: 413, title: 'This request is too large.' },
  'target-too-long': { status: 414, title: 'The address of this request is too long.' },
  'unsupported-media-type': { status: 415, title: 'This kind of content is not understood here.' },
  'expectation-failed': { status: 417, title: 'This expectation cannot be met.' },
  'validation-failed': { status: 422, title: 'Something in this request is not right.' },
  'too-many-attempts': { status: 429, title: 'Too many attempts.' },
  'headers-too-large': { status: 431, title: 'The headers of this request are too large.' },
  internal: { status: 500, title: 'Something went wrong here.' },
  'upstream-unreachable': {
    status: 502,
    title: 'The application behind this page cannot be reached.',
  },
  'store-unavailable': { status: 503, title: 'We cannot check sign-ins right now.' },
  'too-busy': { status: 503, title: 'Too many people are signing in right now.' },
  'upstream-timeout': {
    status: 504,
    title: 'The application behind this page did not answer in time.',
  },
  'loop-detected': { status: 508, title: 'This request leads back to this gateway.' },
} as const satisfies Record<string, ProblemType>;

/** The code of a problem. */
export type ProblemCode = keyof typeof problemTypes;

/** Further members of a problem document. */
export type ProblemMembers = Readonly<
  Record<string, string | number | readonly string[] | readonly FieldFault[]>
>;

/** What is wrong with one value of a request; `pointer` is a JSON Pointer (RFC 6901) into it. */
export interface FieldFault {
  readonly pointer: string;
  readonly detail: string;
}

/** What a problem may carry beside its code. */
export interface ProblemOptions {
  /** A sentence for the caller: what happened and what to do next. Public. */
  readonly detail?: string;
  /** For `Retry-After` and the member `retry_after_seconds`. */
  readonly retryAfterSeconds?: number;
  /** Further members of the problem document, in snake_case. Public. */
  readonly members?: ProblemMembers;
  /** For the log only. */
  readonly cause?: unknown;
}

/** The request cannot go on and the caller must be told why. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly detail: string | null;
  readonly retryAfterSeconds: number | null;
  readonly members: ProblemMembers;

  constructor(code: ProblemCode, options: ProblemOptions = {}) {
    super(problemTypes[code].title, { cause: options.cause });
    this.name = 'Problem';
    this.code = code;
    this.detail = options.detail ?? null;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
    this.members = options.members ?? {};
  }

  get status(): number {
    return problemTypes[this.code].status;
  }
}
