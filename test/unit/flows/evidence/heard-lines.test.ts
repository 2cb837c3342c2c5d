/** The log is looked through whole, and not kept whole. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { heardLines } from '../../../../src/flows/evidence/run/heard-lines.ts';
import { keepSecrets } from '../../../../src/flows/evidence/run/kept-secrets.ts';

function listening() {
  const secrets = keepSecrets();
  secrets.add('a TOTP code', '123456');
  secrets.add('a password', 'gnome-lamp-violin');
  return { secrets, lines: heardLines(secrets) };
}

describe('lines of the log', () => {
  test('of the run itself hold no secret of any length', () => {
    const { lines } = listening();
    lines.hear('{"typed":"123456"}', 'own');
    assert.deepEqual(lines.kinds(), ['a TOTP code']);
  });

  test('of others hold no secret that could not stand there by chance', () => {
    const { lines } = listening();
    lines.hear('{"order":"123456"}', 'others');
    assert.deepEqual(lines.kinds(), []);
    lines.hear('{"form":"gnome-lamp-violin"}', 'others');
    assert.deepEqual(lines.kinds(), ['a password']);
  });

  test('are looked through though there are more than are kept', () => {
    const { lines } = listening();
    lines.hear('gnome-lamp-violin', 'others');
    for (let number = 0; number < 20_000; number += 1) lines.hear('GET /', 'others');
    assert.deepEqual([lines.othersCount, lines.kinds()], [20_001, ['a password']]);
  });

  test('are searched for secrets that were made after them, as far as they are kept', () => {
    const { lines, secrets } = listening();
    lines.hear('a secret that is told before it is given out: JBSWY3DPEHPK3PXP', 'own');
    secrets.add('a TOTP secret', 'JBSWY3DPEHPK3PXP');
    assert.deepEqual(lines.kinds(), ['a TOTP secret']);
  });
});
