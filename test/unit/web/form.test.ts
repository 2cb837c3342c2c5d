/** Bodies of forms, good and bad. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Problem } from '../../../src/core/problem.ts';
import { formFieldsMax, parseForm } from '../../../src/web/form.ts';

const read = (text: string): Record<string, string> =>
  Object.fromEntries(parseForm(Buffer.from(text, 'latin1')));

describe('parseForm', () => {
  test('reads fields as browsers write them', () => {
    assert.deepEqual(read('username=anna&password=p%C3%A4ss+w%2Brd%20&code='), {
      username: 'anna',
      password: 'päss w+rd ',
      code: '',
    });
    assert.deepEqual(read(''), {});
    assert.deepEqual(read('stored'), { stored: '' });
    assert.deepEqual(read('a=b=c'), { a: 'b=c' });
  });

  test('takes names for names, whatever they mean elsewhere', () => {
    const form = parseForm(Buffer.from('__proto__=x&a[b]=1&c[]=2&constructor=y'));

    assert.deepEqual([...form.keys()], ['__proto__', 'a[b]', 'c[]', 'constructor']);
    assert.equal(({} as Record<string, unknown>)['x'], undefined);
  });

  // prettier-ignore
  const refused = [
    ['a field that is there twice',       'code=1&code=2'],
    ['one twice under two spellings',     'code=1&%63ode=2'],
    ['a percent sign without digits',     'password=100%'],
    ['a broken escape',                   'password=%zz'],
    ['an escape that is no UTF-8',        'password=%ff%fe'],
    ['an overlong escape',                'password=%c0%80'],
    ['half a surrogate pair',             'password=%ed%a0%80'],
    ['bytes that are no UTF-8',           'password=\u00ff\u00fe'],
    ['more fields than any form has',     Array.from({ length: formFieldsMax + 1 }, (_, i) => `f${String(i)}=`).join('&')],
    ['nothing but separators',            '&&&'],
  ] as const;

  for (const [what, text] of refused) {
    test(`refuses ${what}`, () => {
      assert.throws(
        () => read(text),
        (error) => error instanceof Problem && error.code === 'invalid-request',
      );
    });
  }
});
