/** Turns what a flow found wrong with a form into errors at its fields. */

import { Problem } from '../../core/problem.ts';
import type { AdminFieldError } from './blocks.ts';

/**
 * The errors of a refused form: one at each field that the problem names, or one about the whole
 * for what is not permitted or does not fit how things stand. Null for anything else.
 */
export function errorsOf(thrown: unknown): readonly AdminFieldError[] | null {
  if (!(thrown instanceof Problem)) return null;
  if (thrown.code === 'not-permitted' || thrown.code === 'conflict') {
    return [{ field: null, message: thrown.detail ?? thrown.message }];
  }
  if (thrown.code !== 'validation-failed') return null;
  const { errors: faults } = thrown.members;
  const whole = [{ field: null, message: thrown.detail ?? thrown.message }];
  if (typeof faults !== 'object') return whole;
  return faults.map((fault) =>
    typeof fault === 'string'
      ? { field: null, message: fault }
      : { field: fieldAt(fault.pointer), message: fault.detail },
  );
}

/** Fields of forms are named as members of the API are: `/display_name` is `display_name`. */
function fieldAt(pointer: string): string | null {
  return pointer === '' ? null : pointer.slice(1).replaceAll('/', '_');
}
