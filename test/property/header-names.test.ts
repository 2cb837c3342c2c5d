/** The law of header names: no spelling of a name that is ours comes through (G4). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { foldHeaderName, isOwnedHeader } from '../../src/core/header-names.ts';

const owned = fc.constantFrom(
  'remote-user',
  'remote-groups',
  'remote-name',
  'remote-email',
  'x-sallyport-assertion',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-original-url',
  'x-real-ip',
  'forwarded',
  'x-request-id',
);

test('an owned header is owned in every mixture of case and of - _ .', () => {
  const spelled = fc
    .tuple(owned, fc.infiniteStream(fc.integer({ min: 0, max: 3 })))
    .map(([name, dice]) =>
      name.replace(/[-a-z]/g, (sign) => {
        const [die = 0] = dice.take(1);
        if (sign === '-') return ['-', '_', '.', '-'][die] ?? '-';
        return die < 2 ? sign : sign.toUpperCase();
      }),
    );

  fc.assert(
    fc.property(spelled, (name) => {
      assert.ok(isOwnedHeader(name), name);
    }),
    { numRuns: 2000 },
  );
});

test('folding twice is folding once, and what folds alike is treated alike', () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      assert.equal(foldHeaderName(foldHeaderName(name)), foldHeaderName(name));
      assert.equal(isOwnedHeader(name), isOwnedHeader(foldHeaderName(name)));
    }),
    { numRuns: 2000 },
  );
});
