/** The corpora of `Host` values: each line is refused, or names what it says. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseHostHeader } from '../../src/core/host.ts';
import { readCorpus } from '../support/corpus.ts';

describe('parseHostHeader refuses (G1)', () => {
  for (const { number, words } of readCorpus('hostile-hosts.txt', 1)) {
    const [text = ''] = words;
    test(`line ${String(number)}: ${JSON.stringify(text)}`, () => {
      assert.equal(parseHostHeader(text), null);
    });
  }

  test('an empty value', () => {
    assert.equal(parseHostHeader(''), null);
  });
});

describe('parseHostHeader reads', () => {
  for (const { number, words } of readCorpus('plain-hosts.txt', 3)) {
    const [text = '', host, port] = words;
    test(`line ${String(number)}: ${JSON.stringify(text)}`, () => {
      const expected = { host, port: port === undefined ? null : Number(port) };
      assert.deepEqual(parseHostHeader(text), expected);
    });
  }
});
