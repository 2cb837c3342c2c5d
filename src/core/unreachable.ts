/** The end of every `switch` over a closed list. */

import assert from 'node:assert/strict';

/**
 * Fails: the list was closed, and something came that is not on it. The compiler refuses the call
 * as long as a case is missing; this is for values that came past the compiler.
 */
export function unreachable(value: never): never {
  assert.fail(`nothing was foreseen for ${JSON.stringify(value)}`);
}
