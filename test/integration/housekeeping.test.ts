/** What a gateway does by itself, once a minute, for the numbers of the administration. */

import assert from 'node:assert/strict';
import { after, before, mock, test } from 'node:test';
import { keepHouse } from '../../src/app.ts';
import { defaultTenant } from '../../src/core/ids.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const clock = fixedClock();
let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({
    clock,
    settings: {
      routes: [{ name: 'all', path: '/**', upstream: 'http://127.0.0.1:9', rules: [{}] }],
    },
  });
});
after(() => gateway.close());

test('how people stand is noted once an hour, in place of what was noted that day', async () => {
  const { people } = gateway.composition.flows.stores;
  const noted = () => people.listDays(defaultTenant, 10);
  /** Until what runs in the background has been written down. */
  const settled = async (isDone: (totals: readonly number[]) => boolean) => {
    for (let tries = 0; tries < 100; tries += 1) {
      const totals = (await noted()).map(({ total }) => total);
      if (isDone(totals)) return totals;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return (await noted()).map(({ total }) => total);
  };
  mock.timers.enable({ apis: ['setInterval'] });
  const stop = keepHouse(gateway.composition);
  try {
    await gateway.addUser({ username: 'anna', groups: [] });
    mock.timers.tick(60_000);
    assert.deepEqual(await settled(([total]) => total === 1), [1]);

    await gateway.addUser({ username: 'ben', groups: [] });
    clock.advance(3600);
    mock.timers.tick(60_000);
    assert.deepEqual(await settled(([total]) => total === 2), [2]);

    clock.advance(24 * 3600);
    mock.timers.tick(60_000);
    assert.deepEqual(await settled(({ length }) => length === 2), [2, 2]);
  } finally {
    stop();
    mock.timers.reset();
  }
});
