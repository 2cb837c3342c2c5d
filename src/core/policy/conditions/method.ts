/** The condition `method`: the request's method is one of those named. */

import type { Condition } from '../rule.ts';

interface MethodCondition extends Condition {
  readonly kind: 'method';
  readonly methods: readonly string[];
}

/**
 * Holds for the methods named, upper case (methods are case-sensitive, RFC 9110 §9.1). `GET` stands
 * for `HEAD` too: it is the same request without the content (RFC 9110 §9.3.2), so what holds for
 * one must hold for the other.
 */
export function methodCondition(methods: readonly string[]): Condition {
  const named = methods.includes('GET') ? [...new Set([...methods, 'HEAD'])] : methods;
  const condition: MethodCondition = {
    kind: 'method',
    methods: named,
    wants: methods.join(' or '),
    sees: (request) => request.method,
    holds: (request) => named.includes(request.method),
    covers: (other) =>
      isMethodCondition(other) && other.methods.every((method) => named.includes(method)),
  };
  return condition;
}

function isMethodCondition(condition: Condition): condition is MethodCondition {
  return condition.kind === 'method';
}
