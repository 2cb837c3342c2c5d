/** What was not foreseen ends the request. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unreachable } from '../../../src/core/unreachable.ts';

test('unreachable fails and says what came', () => {
  assert.throws(() => unreachable('surprise' as never), assert.AssertionError);
});
