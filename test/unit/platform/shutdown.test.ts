/** Ending in good order (F25). */

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, test } from 'node:test';
import { drain, untilToldToStop } from '../../../src/platform/shutdown.ts';
import { quietLog } from '../../support/quiet-log.ts';

/** A step that notes that it ran. */
const noting = (names: string[], name: string) => ({ name, run: () => void names.push(name) });

describe('a drain', () => {
  test('runs its steps one after the other', async () => {
    const names: string[] = [];
    const steps = ['stop accepting', 'finish', 'close the database'];
    const outcome = await drain(
      steps.map((name) => noting(names, name)),
      { log: quietLog },
    );
    assert.equal(outcome, 'drained');
    assert.deepEqual(names, steps);
  });

  test('goes on after a step that fails', async () => {
    const names: string[] = [];
    const failing = {
      name: 'finish',
      run: async () => {
        await Promise.reject(new Error('stuck'));
      },
    };
    const outcome = await drain([failing, noting(names, 'close')], { log: quietLog });
    assert.equal(outcome, 'drained');
    assert.deepEqual(names, ['close']);
  });

  test('tells steps to hurry when the grace is over', async () => {
    const names: string[] = [];
    const waiting = {
      name: 'finish',
      run: async (hurry: AbortSignal) => {
        if (!hurry.aborted) await once(hurry, 'abort');
      },
    };
    const limits = { graceSeconds: 0.01, secondsMax: 60 };
    const outcome = await drain([waiting, noting(names, 'close')], { log: quietLog, limits });
    assert.equal(outcome, 'drained');
    assert.deepEqual(names, ['close']);
  });

  test('gives up what does not end', async () => {
    const stuck = { name: 'finish', run: () => new Promise<void>(() => undefined) };
    const limits = { graceSeconds: 0.01, secondsMax: 0.02 };
    assert.equal(await drain([stuck], { log: quietLog, limits }), 'gave-up');
  });
});

describe('a signal', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal} stops; a second one is for who cannot wait`, async () => {
      const source = new EventEmitter();
      let seconds = 0;
      const stop = untilToldToStop(source, () => {
        seconds += 1;
      });
      source.emit(signal);
      await stop;
      assert.equal(seconds, 0);
      source.emit('SIGTERM');
      assert.equal(seconds, 1);
    });
  }
});
