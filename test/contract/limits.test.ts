/** Rate limits (G7), counted in memory and in Redis alike. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { openLimits, type Rates } from '../../src/stores/limits/limits.ts';
import { RedisLink } from '../../src/stores/sessions/redis-link.ts';
import type { LimitAnswer, Limits } from '../../src/stores/types.ts';
import { startRedis, type ThrowAwayServer } from '../support/servers.ts';

const rates: Rates = {
  passwordPerAccount: { timesMax: 3, withinSeconds: 900 },
  passwordPerAddress: { timesMax: 5, withinSeconds: 600 },
  page: { timesMax: 4, withinSeconds: 60 },
  code: { timesMax: 2, withinSeconds: 60 },
  recoveryCodes: { timesMax: 2, withinSeconds: 3600 },
};

let server: ThrowAwayServer;
const links: RedisLink[] = [];
before(async () => {
  server = await startRedis();
});
after(async () => {
  for (const link of links) await link.close();
  await server.remove();
});

function openInRedis(): Limits {
  const redis = new RedisLink({ mode: 'single', urls: [server.url] });
  links.push(redis);
  return openLimits({ redis, rates });
}

async function times(count: number, ask: () => Promise<LimitAnswer>): Promise<number> {
  const answers = await Promise.all(Array.from({ length: count }, ask));
  return answers.filter(({ ok }) => ok).length;
}

// prettier-ignore
const places = [
  // where       opens             addresses of its own
  ['in memory',  () => openLimits({ redis: null, rates }), '192.0.2'],
  ['in Redis',   openInRedis,                              '198.51.100'],
] as const;

for (const [where, open, block] of places) {
  describe(`limits ${where}`, () => {
    let limits: Limits;
    before(() => {
      limits = open();
    });

    test('let so many guesses at one account through, however it is spelled', async () => {
      const names = ['Anna', 'ANNA', 'anna', 'ａｎｎａ'];
      const answers: boolean[] = [];
      for (const name of names) answers.push((await limits.password(name, `${block}.1`)).ok);
      assert.deepEqual(answers, [true, true, true, false]);
    });

    test('say how long to wait', async () => {
      const answer = await limits.password('anna', `${block}.1`);
      assert.ok(!answer.ok && answer.retryAfterSeconds > 890 && answer.retryAfterSeconds <= 900);
    });

    test('stop a stranger and not the owner somewhere else', async () => {
      assert.equal((await limits.password('anna', `${block}.2`)).ok, true);
    });

    test('count one address over all accounts', async () => {
      let guess = 0;
      const passed = await times(20, () => {
        guess += 1;
        return limits.password(`user ${String(guess)}`, `${block}.3`);
      });
      assert.equal(passed, 5);
    });

    test('forget the guesses at an account after the right password', async () => {
      await times(3, () => limits.password('carl', `${block}.4`));
      await limits.passwordSucceeded('Carl', `${block}.4`);
      assert.equal((await limits.password('carl', `${block}.4`)).ok, true);
    });

    test('let exactly as many of fifty parallel guesses through as they allow', async () => {
      assert.equal(await times(50, () => limits.password('dora', `${block}.5`)), 3);
    });

    test('count each class of requests for itself', async () => {
      assert.equal(await times(10, () => limits.request('page', `${block}.6`)), 4);
      assert.equal(await times(10, () => limits.request('code', `${block}.6`)), 2);
    });

    test('let so many new sets of recovery codes through, however the account is spelled', async () => {
      const answers: LimitAnswer[] = [];
      for (const name of ['Gina', 'gina', 'GINA']) {
        answers.push(await limits.newRecoveryCodes(`${name}.${block}`));
      }
      assert.deepEqual(
        answers.map(({ ok }) => ok),
        [true, true, false],
      );
      assert.equal((await limits.newRecoveryCodes(`hans.${block}`)).ok, true);
    });

    test('take an IPv6 network for one address', async () => {
      const passed = await Promise.all(
        [1, 2, 3].map((last) =>
          limits.request('code', `2001:db8:${block.slice(0, 3)}:1::${String(last)}`),
        ),
      );
      assert.equal(passed.filter(({ ok }) => ok).length, 2);
    });
  });
}

test('limits in Redis are shared by all instances', async () => {
  const [one, other] = [openInRedis(), openInRedis()];
  assert.equal(await times(3, () => one.password('emil', '203.0.113.1')), 3);
  assert.equal((await other.password('emil', '203.0.113.1')).ok, false);
});

test('limits go on in memory while Redis does not answer', async () => {
  const limits = openInRedis();
  await limits.request('page', '203.0.113.2');
  await server.kill();

  assert.equal(await times(10, () => limits.password('frida', '203.0.113.2')), 3);
});
