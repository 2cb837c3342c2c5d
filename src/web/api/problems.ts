/** Which problems an operation may be answered with. The document names them, tests hold them. */

import type { ProblemCode } from '../../core/problem.ts';
import { isOfAdministration, type Operation } from './operation.ts';

/** Whatever is asked. */
const anywhere: readonly ProblemCode[] = [
  'invalid-request',
  'validation-failed',
  'too-many-attempts',
  'internal',
  'store-unavailable',
];

/** What changes something takes a body, if only an empty one. */
const whenSent: readonly ProblemCode[] = [
  'origin-not-allowed',
  'request-timeout',
  'body-too-large',
  'unsupported-media-type',
];

const whenKnown: readonly ProblemCode[] = [
  'not-signed-in',
  'invalid-token',
  'account-disabled',
  'second-factor-required',
  'not-admitted',
];

const whenAdministering: readonly ProblemCode[] = [
  'network-not-allowed',
  'not-permitted',
  'step-up-required',
  'enrollment-required',
];

/** The codes, each once. */
export function problemsOf(operation: Operation): readonly ProblemCode[] {
  const { method, who, isRepeatable, problems } = operation;
  return [
    ...new Set([
      ...anywhere,
      ...(method === 'GET' ? [] : whenSent),
      ...(who === 'anyone' ? [] : whenKnown),
      ...(isOfAdministration(who) ? whenAdministering : []),
      ...(isRepeatable ? (['idempotency-conflict'] as const) : []),
      ...problems,
    ]),
  ];
}
