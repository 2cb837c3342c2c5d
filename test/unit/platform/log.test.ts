/** The log: JSON lines in which no secret stands (G9), and which cannot stop the program (F43). */

import assert from 'node:assert/strict';
import { openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createLog, type OperatorLog } from '../../../src/platform/log.ts';
import { Secret } from '../../../src/platform/secret.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** The lines that some work logs. */
async function linesOf(
  work: (log: OperatorLog) => void,
  options: Omit<Parameters<typeof createLog>[0], 'destination'> = { level: 'info' },
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const folder = temporaryFolder();
  const file = path.join(folder.path, 'log');
  const destination = openSync(file, 'w');
  try {
    const log = createLog({ ...options, destination });
    work(log);
    // Lines are written in order and in their own time; once the last is there, all are.
    log.error('the last line');
    while (!readFileSync(file, 'utf8').endsWith('"the last line"}\n')) await pause(5);
    const lines = readFileSync(file, 'utf8').trim().split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  } finally {
    folder.remove();
  }
}

describe('the log', () => {
  test('writes one JSON object on each line', async () => {
    const [line] = await linesOf((log) => {
      log.info({ url: 'http://127.0.0.1:1' }, 'listening');
    });
    assert.deepEqual(
      { level: line?.['level'], msg: line?.['msg'], url: line?.['url'] },
      { level: 'info', msg: 'listening', url: 'http://127.0.0.1:1' },
    );
  });

  test('blanks what is called like a secret, and what is one', async () => {
    const lines = await linesOf((log) => {
      log.info({ password: 'hunter2', form: { code: '123456' }, key: new Secret('hunter3') });
      log.warn({ headers: { cookie: 'hunter4', authorization: 'hunter5' } });
    });
    const text = JSON.stringify(lines);
    assert.doesNotMatch(text, /hunter|123456/);
    assert.match(text, /\[secret\]/);
  });

  test('tells listeners of each line as it is written, until they have heard enough', async () => {
    const heard: string[] = [];
    const lines = await linesOf((log) => {
      const untap = log.tap((line) => heard.push(line));
      log.info({ password: 'hunter2' }, 'one');
      log.debug('below the level');
      untap();
      log.info('two');
    });
    assert.equal(lines.length, 2);
    assert.equal(heard.length, 1);
    assert.match(heard[0] ?? '', /^\{"level":"info",.*"password":"\[secret\]","msg":"one"\}\n$/);
  });

  test('writes from a level on what listeners hear in full', async () => {
    const heard: string[] = [];
    const lines = await linesOf(
      (log) => {
        const untap = log.tap((line) => heard.push(line));
        log.debug('for listeners');
        log.warn('for everybody');
        untap();
      },
      { level: 'debug', writesFrom: 'warn' },
    );
    assert.deepEqual(
      lines.map((line) => line['msg']),
      ['for everybody'],
    );
    assert.equal(heard.length, 2);
  });

  test('can change its level while it runs', async () => {
    const lines = await linesOf((log) => {
      log.debug('not yet');
      log.level = 'debug';
      log.debug('now');
    });
    assert.deepEqual(
      lines.map((line) => line['msg']),
      ['now'],
    );
  });
});
