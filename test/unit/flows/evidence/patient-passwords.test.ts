/** A run waits while too many people sign in, and fails for nothing else than it would anyway. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Problem } from '../../../../src/core/problem.ts';
import { patientPasswords } from '../../../../src/flows/evidence/run/patient-passwords.ts';
import { cheapPasswords } from '../../../support/cheap-passwords.ts';

function busy(times: number) {
  let left = times;
  const waited: number[] = [];
  const passwords = patientPasswords(
    {
      ...cheapPasswords,
      hash: (password) => {
        left -= 1;
        if (left >= 0) throw new Problem('too-busy');
        return cheapPasswords.hash(password);
      },
    },
    (seconds) => {
      waited.push(seconds);
      return Promise.resolve();
    },
  );
  return { passwords, waited };
}

describe('passwords of a run', () => {
  test('are asked again while they are too busy', async () => {
    const { passwords, waited } = busy(3);
    const hash = await passwords.hash('gnome-lamp-violin');
    assert.equal((await passwords.verify('gnome-lamp-violin', hash)).ok, true);
    assert.deepEqual(waited, [1, 1, 1]);
  });

  test('are given up in the end', async () => {
    const { passwords, waited } = busy(1000);
    await assert.rejects(passwords.hash('x'), { code: 'too-busy' });
    assert.equal(waited.length, 59);
  });
});
