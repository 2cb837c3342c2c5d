/** The corpora of request targets: each line is refused for its reason, or comes out as it says. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canonicalTarget } from '../../src/core/path.ts';
import { readCorpus } from '../support/corpus.ts';

describe('canonicalTarget refuses (G1)', () => {
  for (const { number, words } of readCorpus('hostile-paths.txt', 2)) {
    const [why = '', target = ''] = words;
    test(`line ${String(number)}: ${JSON.stringify(target)}`, () => {
      assert.deepEqual(canonicalTarget(target), { ok: false, why });
    });
  }
});

describe('canonicalTarget accepts (G13)', () => {
  for (const { number, words } of readCorpus('plain-paths.txt', 2)) {
    const [target = '', written = ''] = words;
    const expected = written === '=' ? target : written;
    test(`line ${String(number)}: ${JSON.stringify(target)}`, () => {
      const result = canonicalTarget(target);

      assert.ok(result.ok, JSON.stringify(result));
      assert.equal(result.path + result.query, expected);
    });
  }
});
