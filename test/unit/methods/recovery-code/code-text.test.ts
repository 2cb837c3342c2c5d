/** How recovery codes are written and read. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import * as fc from 'fast-check';

import {
  formatRecoveryCode,
  parseRecoveryCode,
  recoveryCodeBytes,
} from '../../../../src/methods/recovery-code/code-text.ts';

const bytes = Buffer.from('00443214c74254b635cf84653a56d7', 'hex');
const written = '0123-4567-89AB-CDEF-GHJK-MNPQ';

describe('a recovery code', () => {
  test('is six groups of four', () => {
    assert.match(formatRecoveryCode(bytes), /^(?:[0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/);
  });

  test('has at least 112 random bits, so that a plain hash of it may be stored', () => {
    assert(recoveryCodeBytes * 8 >= 112);
  });

  test('reads as it was written, and no two are written alike (property)', () => {
    const code = fc.uint8Array({ minLength: 15, maxLength: 15 });
    fc.assert(
      fc.property(code, code, (one, other) => {
        const text = formatRecoveryCode(Buffer.from(one));

        assert.equal(parseRecoveryCode(text), text.replaceAll('-', ''));
        const isSame = text === formatRecoveryCode(Buffer.from(other));
        assert.equal(isSame, Buffer.from(one).equals(Buffer.from(other)));
      }),
    );
  });

  const typed = [
    ['as it stands', written],
    ['without hyphens', '0123456789ABCDEFGHJKMNPQ'],
    ['with blanks', ' 0123 4567 89AB CDEF GHJK MNPQ '],
    ['in small letters', written.toLowerCase()],
    ['with O for 0 and I or l for 1', 'OI23-4567-89AB-CDEF-GHJK-MNPQ'],
    ['with l for 1', '0l23-4567-89AB-CDEF-GHJK-MNPQ'],
    ['with the dashes of a word processor', written.replaceAll('-', '–')],
    ['with a line break in the middle', written.replace('CDEF-', 'CDEF\n')],
  ] as const;
  for (const [how, text] of typed) {
    test(`is understood ${how}`, () => {
      assert.equal(parseRecoveryCode(text), '0123456789ABCDEFGHJKMNPQ');
    });
  }

  for (const text of ['', '123456', written.slice(1), `${written}0`, written.replace('Q', 'U')]) {
    test(`is not ${JSON.stringify(text)}`, () => {
      assert.equal(parseRecoveryCode(text), null);
    });
  }
});
