/** The corpora of `return_to` values: each line leads nowhere, or exactly where it says. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { portalAt } from '../../src/core/locations.ts';
import { safeReturnTo } from '../../src/core/return-to.ts';
import { aRoute } from '../support/builders.ts';
import { readCorpus } from '../support/corpus.ts';

const places = {
  publicUrl: 'https://console.example.com',
  portal: portalAt('https://console.example.com/_mfa'),
  cookieDomain: 'example.com',
  routes: [
    aRoute({ host: 'app.example.com' }),
    aRoute({ host: '*.lab.example.com' }),
    aRoute({ host: 'other.example.org' }),
    aRoute({ host: null }),
  ],
};

describe('safeReturnTo refuses (G11)', () => {
  for (const { number, words } of readCorpus('open-redirects.txt', 1)) {
    const [text = ''] = words;
    test(`line ${String(number)}: ${JSON.stringify(text)}`, () => {
      assert.equal(safeReturnTo(text, places), null);
    });
  }

  test('an empty value', () => {
    assert.equal(safeReturnTo('', places), null);
  });
});

describe('safeReturnTo follows (G11)', () => {
  for (const { number, words } of readCorpus('plain-return-to.txt', 2)) {
    const [text = '', written = ''] = words;
    test(`line ${String(number)}: ${JSON.stringify(text)}`, () => {
      assert.equal(safeReturnTo(text, places), written === '=' ? text : written);
    });
  }
});
