/** Passwords typed at a terminal: asked for twice, never shown. */

import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { newPassword } from '../../src/cli/ask-password.ts';
import { CommandFailure } from '../../src/cli/cli.ts';
import { tools } from '../../src/cli/tools.ts';
import { fixedClock } from '../support/fixed-clock.ts';

/** A terminal at which somebody types the next of these keys whenever they are asked. */
function terminalWith(keys: readonly string[]) {
  const waiting = [...keys];
  const modes: boolean[] = [];
  const shown: string[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (isRaw: boolean) => modes.push(isRaw),
  });
  const stderr = new Writable({
    write(piece, _encoding, done) {
      shown.push(String(piece));
      if (String(piece).endsWith(': ')) {
        assert.equal(modes.at(-1), true, 'what is typed must not be shown');
        stdin.write(waiting.shift() ?? '');
      }
      done();
    },
  });
  const terminal = { environment: {}, stdin, stdout: stderr, stderr };
  return { cli: { terminal, tools, clock: fixedClock() }, shown, modes };
}

const typed = { args: [], options: {} };

describe('a password typed at a terminal', () => {
  test('is asked for twice and not shown', async () => {
    const { cli, shown, modes } = terminalWith(['correct horsx\u007fe\r', 'correct horse\n']);
    assert.equal(await newPassword(cli, typed), 'correct horse');
    assert.deepEqual(shown, ['New password: ', '\n', 'Again: ', '\n']);
    assert.equal(modes.at(-1), false);
  });

  test('changes nothing when the second differs from the first', async () => {
    const { cli } = terminalWith(['one\r', 'two\r']);
    await assert.rejects(newPassword(cli, typed), CommandFailure);
  });

  test('can be broken off', async () => {
    const { cli, modes } = terminalWith(['on\u0003']);
    await assert.rejects(newPassword(cli, typed), CommandFailure);
    assert.equal(modes.at(-1), false);
  });
});
