/** Hashing and comparing: exactly what was chosen, off the event loop, bounded. */

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { Problem } from '../../../../src/core/problem.ts';
import { createArgon2Pool } from '../../../../src/methods/password/argon2-pool.ts';
import {
  createPasswordHasher,
  passwordCost,
} from '../../../../src/methods/password/password-hasher.ts';
import { systemRandom } from '../../../../src/platform/random.ts';

const cheap = { memoryKib: 64, passes: 1, parallelism: 1 };
const pool = createArgon2Pool({ workers: 1, waitingMax: 64 });
after(() => pool.close());

describe('the password hasher', () => {
  const hasher = createPasswordHasher(pool, systemRandom, cheap);

  test('accepts the password that was hashed and no other', async () => {
    const hash = await hasher.hash('gnome lamp violin');

    assert.deepEqual(await hasher.verify('gnome lamp violin', hash), { ok: true, newHash: null });
    assert.deepEqual(await hasher.verify('gnome lamp violi', hash), { ok: false });
  });

  test('salts: the same password twice gives two hashes', async () => {
    assert.notEqual(await hasher.hash('gnome lamp violin'), await hasher.hash('gnome lamp violin'));
  });

  const near = [
    ['a blank at the end', 'gnome lamp violin '],
    ['a blank at the beginning', ' gnome lamp violin'],
    ['a capital', 'Gnome lamp violin'],
    ['a NUL at the end', 'gnome lamp violin\0'],
    ['letters of full width', 'ｇnome lamp violin'],
    ['nothing at all', ''],
  ] as const;
  for (const [difference, password] of near) {
    test(`tells ${difference} apart`, async () => {
      const hash = await hasher.hash('gnome lamp violin');

      assert.deepEqual(await hasher.verify(password, hash), { ok: false });
    });
  }

  test('looks at every character: the 73rd and the 1024th count', async () => {
    for (const length of [73, 1024]) {
      const hash = await hasher.hash(`${'x'.repeat(length - 1)}a`);

      assert.equal((await hasher.verify(`${'x'.repeat(length - 1)}a`, hash)).ok, true);
      assert.equal((await hasher.verify(`${'x'.repeat(length - 1)}b`, hash)).ok, false);
    }
  });

  test('takes é for é, whichever way a keyboard composes it', async () => {
    const hash = await hasher.hash('caf\u00e9 au lait');

    assert.equal((await hasher.verify('cafe\u0301 au lait', hash)).ok, true);
  });

  test('refuses what is longer than any password without computing anything', async () => {
    const closed = createArgon2Pool({ workers: 1, waitingMax: 1 });
    await closed.close();

    const answer = await createPasswordHasher(closed, systemRandom, cheap).verify(
      'x'.repeat(1025),
      null,
    );
    assert.deepEqual(answer, { ok: false });
  });

  test('refuses every password of somebody who does not exist', async () => {
    for (const password of ['', 'password', 'gnome lamp violin']) {
      assert.deepEqual(await hasher.verify(password, null), { ok: false });
    }
  });

  test('computes as much for somebody who does not exist', async () => {
    const jobs: string[] = [];
    const watched = createPasswordHasher(
      {
        compute: (job) => {
          jobs.push(JSON.stringify({ ...job, message: 0, salt: job.salt.length }));
          return pool.compute(job);
        },
        close: () => Promise.resolve(),
      },
      systemRandom,
      cheap,
    );
    const hash = await watched.hash('gnome lamp violin');
    jobs.length = 0;

    await watched.verify('wrong', hash);
    await watched.verify('wrong', null);

    assert.equal(jobs.length, 2);
    assert.equal(jobs[0], jobs[1]);
  });

  test('hashes anew when the stored hash was made at another cost', async () => {
    const stronger = createPasswordHasher(pool, systemRandom, { ...cheap, passes: 2 });
    const old = await hasher.hash('gnome lamp violin');

    const answer = await stronger.verify('gnome lamp violin', old);

    assert(answer.ok && answer.newHash !== null);
    assert.match(answer.newHash, /m=64,t=2,p=1/);
    const again = await stronger.verify('gnome lamp violin', answer.newHash);
    assert.deepEqual(again, { ok: true, newHash: null });
  });

  test('understands hashes that other software made', async () => {
    // From the test suite of the reference implementation of Argon2.
    const hash =
      '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';

    assert.equal((await hasher.verify('password', hash)).ok, true);
    assert.equal((await hasher.verify('passwort', hash)).ok, false);
  });

  test('costs 19 MiB and two passes unless told otherwise', async () => {
    const hash = await createPasswordHasher(pool, systemRandom).hash('gnome lamp violin');

    assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.deepEqual(passwordCost, { memoryKib: 19_456, passes: 2, parallelism: 1 });
  });
});

describe('the queue in front of the threads', () => {
  const job = {
    message: Buffer.from('password'),
    salt: Buffer.alloc(16, 1),
    memoryKib: 64,
    passes: 1,
    parallelism: 1,
    tagBytes: 32,
  };

  test('refuses what does not fit it as too busy, with a time to come back', async () => {
    const small = createArgon2Pool({ workers: 1, waitingMax: 3 });

    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => small.compute(job)));
    await small.close();

    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    assert.equal(refused.length, 6);
    for (const { reason } of refused) {
      assert(reason instanceof Problem);
      assert.deepEqual([reason.code, reason.retryAfterSeconds], ['too-busy', 5]);
    }
  });

  test('goes on after a thread has died, and says too busy for what died with it', async () => {
    const fragile = createArgon2Pool({ workers: 1, waitingMax: 8 });
    const impossible = { ...job, parallelism: 0 };

    const [died, lives] = await Promise.allSettled([
      fragile.compute(impossible),
      fragile.compute(job),
    ]);
    await fragile.close();

    assert(died.status === 'rejected' && died.reason instanceof Problem);
    assert.equal(died.reason.code, 'too-busy');
    assert.equal(lives.status, 'fulfilled');
  });

  test('refuses what waits when it is closed, and what comes afterwards', async () => {
    const closing = createArgon2Pool({ workers: 1, waitingMax: 8 });
    const outcomes = Promise.allSettled([closing.compute(job), closing.compute(job)]);

    await closing.close();

    assert.deepEqual(
      (await outcomes).map((outcome) => outcome.status),
      ['rejected', 'rejected'],
    );
    await assert.rejects(closing.compute(job), Problem);
  });

  test('leaves the event loop free', async () => {
    const hashed = createPasswordHasher(pool, systemRandom).hash('gnome lamp violin');
    const turned = new Promise((resolve) => void setImmediate(resolve, 'turned'));

    assert.equal(await Promise.race([hashed, turned]), 'turned');
    await hashed;
  });
});
