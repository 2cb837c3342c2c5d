/** Reloading: a wrong configuration changes nothing (F38), a right one takes effect in one step. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { liveConfig } from '../../../src/config/live.ts';
import { configOf, readingOf, smallest } from '../../support/config-files.ts';

function reloading(before: string, after: string) {
  const first = configOf(before);
  // The folders of the two readings differ, and with them the files of the storage.
  const reading = readingOf(after);
  const read = reading.ok
    ? { ok: true as const, config: { ...reading.config, storage: first.storage } }
    : reading;
  const live = liveConfig(first, () => read);
  return { live, first, answer: live.reload() };
}

const withDatabase = (url: string) => configOf(`${smallest}storage: { database: "${url}" }\n`);

describe('a reload', () => {
  test('puts what is new in force', () => {
    const { live, answer } = reloading(
      smallest,
      `${smallest}networks: { a: [] }\nsessions: { idle: 5m }\n`,
    );
    assert.deepEqual(answer, { ok: true, needsRestart: [] });
    assert.equal(live.current().sessions.idleSeconds, 300);
  });

  test('keeps the old configuration when the new one is wrong', () => {
    const { live, first, answer } = reloading(smallest, `${smallest}networks: { a: [x] }\n`);
    assert.equal(answer.ok, false);
    assert.equal(live.current(), first);
  });

  test('says what takes effect at the next start only, and keeps it as it was', () => {
    const after = `server: { publicUrl: https://console.example.com, listen: 127.0.0.1:1, management: 127.0.0.1:2 }\n`;
    const { live, first, answer } = reloading(smallest, after);
    assert.deepEqual(answer, { ok: true, needsRestart: ['server.listen', 'server.management'] });
    assert.deepEqual(live.current().server.listen, first.server.listen);
  });

  test('takes on what risk means, and goes on with the database of places that was opened', () => {
    const plain = configOf(`${smallest}policy: { risk: { newLocation: notify } }\n`);
    const [before, after] = ['/one', '/two'].map((geoDatabase) => ({
      ...plain,
      risk: { ...plain.risk, geoDatabase },
    }));
    assert.ok(before !== undefined && after !== undefined);
    const live = liveConfig({ ...before, risk: { ...before.risk, newLocation: 'ignore' } }, () => ({
      ok: true,
      config: after,
    }));
    const answer = live.reload();

    assert.ok(answer.ok);
    assert.ok(answer.needsRestart.includes('policy.risk.geoDatabase'));
    assert.deepEqual(live.current().risk, { ...after.risk, geoDatabase: before.risk.geoDatabase });
  });

  test('sees that the storage changed, passwords included', () => {
    const live = liveConfig(withDatabase('postgres://a:old@db/x'), () => ({
      ok: true,
      config: withDatabase('postgres://a:new@db/x'),
    }));
    const answer = live.reload();
    assert.ok(answer.ok);
    assert.ok(answer.needsRestart.includes('storage.database'));
    assert.ok(!answer.needsRestart.includes('storage.sessions'));
  });
});
