/** `/problems/<code>`: what the `type` of a problem document points to (RFC 9457 §3.1.1). */

import { Problem, type ProblemCode, problemTypes } from '../../core/problem.ts';
import { type Answer, type Exchange, showPage } from '../exchange.ts';

/** Explains one problem code. */
export function showProblemGuide(exchange: Exchange): Answer {
  const code = exchange.parameter;
  if (!isProblemCode(code)) throw new Problem('not-found');
  const { status, title } = problemTypes[code];
  return showPage({ page: 'problem-guide', code, status, title });
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problemTypes, code);
}
