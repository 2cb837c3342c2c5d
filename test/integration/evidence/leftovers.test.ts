/** Runs that end before their end, and runs side by side: nobody is left behind, nobody disturbed. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { isEvidenceTenant } from '../../../src/core/evidence-tenant.ts';
import { collectEvidence } from '../../../src/flows/evidence/collect-evidence.ts';
import { evidenceRuns } from '../../../src/flows/evidence/evidence-runs.ts';
import { RunStopped } from '../../../src/flows/evidence/run/verifying.ts';
import { answerChallenge } from '../../../src/flows/sign-in/challenge.ts';
import { guessCode } from '../../../src/flows/sign-in/guess-code.ts';
import { StoreUnavailable } from '../../../src/stores/types.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import { withBrokenStores } from '../../support/broken-stores.ts';
import { openEvidenceWorld, type EvidenceWorld } from '../../support/evidence-world.ts';
import { sure, visit, type EnrolledPerson, type World } from '../../support/flow-world.ts';

let at: EvidenceWorld;
beforeEach(async () => {
  at = await openEvidenceWorld();
});
afterEach(() => at.close());

/** Signed in anew with both factors. */
async function freshly(world: World, { secret }: EnrolledPerson) {
  const session = await world.signInBy('anna');
  const guess = { method: 'totp', code: codeAt(secret, world.clock.now()) } as const;
  const answer = await answerChallenge(world.ctx, visit(), session, guess);
  assert.ok(answer.ok);
  return world.rise(answer.session, session);
}

async function names(): Promise<readonly string[]> {
  const users = await at.world.ctx.stores.users.list({ after: null, limit: 100 });
  return users.map(({ username }) => username);
}

async function tenants(): Promise<readonly string[]> {
  return (await at.world.ctx.stores.tenants.list()).map(({ id }) => id);
}

/** Dies in the middle of the third verification: nothing that comes after runs, not even `finally`. */
async function killedRun(): Promise<void> {
  let isDead = false;
  const dying = at.collect((ctx) =>
    withBrokenStores(ctx, ({ users, attempts, tenants: all }) => ({
      attempts: {
        ...attempts,
        reserve: (user, limits, now) => {
          isDead = true;
          return attempts.reserve(user, limits, now);
        },
      },
      users: {
        ...users,
        remove: async (id) => {
          if (isDead) throw new StoreUnavailable('The database');
          await users.remove(id);
        },
      },
      tenants: {
        ...all,
        remove: () => Promise.reject(new StoreUnavailable('The database')),
      },
    })),
  );
  await assert.rejects(dying, StoreUnavailable);
}

describe('a run that fails', () => {
  test('leaves nothing behind, and no report', async () => {
    const failing = at.collect((ctx) =>
      withBrokenStores(ctx, ({ recoveryCodes }) => ({
        recoveryCodes: {
          ...recoveryCodes,
          createUnconfirmed: () => Promise.reject(new StoreUnavailable('The database')),
        },
      })),
    );
    await assert.rejects(failing, StoreUnavailable);
    assert.deepEqual(await names(), []);
    assert.deepEqual(await tenants(), ['default']);
    assert.deepEqual(await at.world.ctx.stores.evidence.list(10), []);
  });

  test('is one that is told to end', async () => {
    const stop = new AbortController();
    stop.abort();
    const { ctx } = at.world;
    const stopped = collectEvidence(ctx, at.parts, { by: 'cli', signal: stop.signal });
    await assert.rejects(stopped, RunStopped);
    assert.deepEqual([await names(), await tenants()], [[], ['default']]);
  });
});

describe('a run that waits for the next code', () => {
  test('is ended when it is told to, and clears away', async () => {
    const totp = { algorithm: 'SHA1', digits: 6, periodSeconds: 30, window: 0 } as const;
    const waiting = await openEvidenceWorld({ config: { totp } });
    const { ctx } = waiting.world;
    const { promise: isWaiting, resolve: waits } = Promise.withResolvers<void>();
    const runs = evidenceRuns(ctx, {
      ...waiting.parts,
      pause: (_seconds, signal) =>
        new Promise((resolve) => {
          signal?.addEventListener('abort', () => resolve(), { once: true });
          waits();
        }),
    });
    await waiting.world.addUser('anna', ['AI-PLATFORM-ADMINS']);
    const anna = await waiting.world.enroll(await waiting.world.signInBy('anna'));
    waiting.world.clock.advance(60);
    const session = sure(await freshly(waiting.world, anna));

    const { done } = await runs.start({ session, visit: visit() });
    await isWaiting;
    assert.equal(runs.state().running?.by, 'anna');
    await runs.stop();
    assert.equal(await done, null);
    assert.deepEqual(runs.state(), {
      running: null,
      failure: { at: waiting.world.clock.now(), why: 'stopped' },
    });
    const users = await ctx.stores.users.list({ after: null, limit: 100 });
    assert.deepEqual(
      users.map(({ username }) => username),
      ['anna'],
    );
    assert.equal((await ctx.stores.tenants.list()).length, 1);
    await waiting.close();
  });
});

describe('a run that was killed (F48)', () => {
  test('is cleared away by the next one, once it cannot be under way any more', async () => {
    await killedRun();
    const left = await names();
    assert.ok(left.length > 0);

    await at.collect();
    assert.deepEqual(await names(), left, 'it might still be under way elsewhere');

    at.world.clock.advance(3600);
    const report = await at.collect();
    assert.deepEqual([await names(), await tenants()], [[], ['default']]);
    const event = sure((await at.world.events()).at(-1));
    assert.equal(event.details['leftoversRemoved'], left.length);
    assert.equal(event.details['evidence'], report.id);
  });

  test('leaves people whom nobody can be', async () => {
    await killedRun();
    const { ctx } = at.world;
    for (const name of await names()) {
      const user = sure(await ctx.stores.users.findByUsername(name));
      assert.equal(user.email, null);
      assert.deepEqual(await ctx.sessions.listOfUser(user.id, at.world.clock.now()), []);
      // 256 random bits: nothing that could be tried.
      assert.match(name, /^evidence-[0-9a-z]{8,9}-[0-9a-f]{16}-\d+$/);
    }
    assert.equal(await ctx.sessions.countActive(at.world.clock.now()), 0);
  });

  test('takes nobody with it who was put into its tenant by hand', async () => {
    await killedRun();
    const { stores } = at.world.ctx;
    const tenant = sure((await stores.tenants.list()).find(({ id }) => isEvidenceTenant(id)));
    await at.world.addUser('mallory');
    const [mallory] = (await stores.users.list({ after: 'f', limit: 1 })) ?? [];
    await stores.users.create({
      ...sure(mallory),
      id: 'usr_elsewhere' as never,
      username: 'elsewhere',
      tenant: tenant.id,
      passwordHash: null,
    });
    at.world.clock.advance(3600);
    await at.collect();
    assert.deepEqual(await names(), ['elsewhere', 'mallory']);
    assert.ok((await tenants()).includes(tenant.id));
  });
});

describe('two runs at once', () => {
  test('both pass, and clear away after themselves', async () => {
    const reports = await Promise.all([at.collect(), at.collect()]);
    assert.deepEqual(
      reports.map(({ outcome }) => outcome),
      ['passed', 'passed'],
    );
    assert.notEqual(reports[0].traces.tenant, reports[1].traces.tenant);
    assert.deepEqual([await names(), await tenants()], [[], ['default']]);
  });
});

describe('people who are at work meanwhile', () => {
  test('are neither locked nor slowed down, and their tenant is not counted with the others', async () => {
    const person = await at.world.enrolledPerson('anna');
    const running = at.collect();
    const guess = { method: 'totp', code: '000000' } as const;
    const answer = await guessCode(at.world.ctx, visit('127.0.0.1'), person.session, guess, () =>
      Promise.resolve(null),
    );
    await running;
    assert.deepEqual(answer, { ok: false, reason: 'wrong-code', failuresLeft: 4 });
    const listed = await at.world.ctx.stores.users.list({ after: null, limit: 100 });
    assert.deepEqual(
      listed.map(({ tenant }) => tenant),
      ['default'],
    );
  });
});
