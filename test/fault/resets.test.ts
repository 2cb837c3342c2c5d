/**
 * A process is killed while it carries out a reset, at the first, a middle and the last thing that
 * it asks of the database and right after the commit (F29, G5): all of it happened or nothing, and
 * whoever comes next can finish it, once.
 */

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import type { ResetRequestId, UserId } from '../../src/core/ids.ts';
import { Problem } from '../../src/core/problem.ts';
import { executeReset } from '../../src/flows/admin/resets.ts';
import type { Death } from '../support/die-in-transaction.ts';
import type { ResetOrder, ResetOutcome } from '../support/execute-reset.ts';
import { sure, type World } from '../support/flow-world.ts';
import {
  approvedRequest,
  newPerson,
  officePolicy,
  openOffice,
  type Office,
} from '../support/reset-office.ts';
import { run } from '../support/run.ts';
import { openTwoWorlds, sharedEngines, type TwoWorlds } from '../support/two-worlds.ts';

const script = path.join(import.meta.dirname, '../support/execute-reset.ts');

for (const engine of sharedEngines) {
  describe(`on ${engine.name}, a process that is killed while it carries out a reset`, () => {
    let worlds: TwoWorlds;
    let world: World;
    let office: Office;
    let order: Omit<ResetOrder, 'request' | 'death'>;
    before(async () => {
      worlds = await openTwoWorlds({
        ...engine,
        async open() {
          const opened = await engine.open();
          const { location } = opened;
          const isFile = location.kind === 'sqlite';
          order = {
            engine: location.kind,
            place: isFile ? location.file : location.url.reveal(),
            now: 0,
            executor: '' as UserId,
          };
          return opened;
        },
      });
      world = worlds.one;
      worlds.configure({ policy: officePolicy() });
      office = await openOffice(world);
      order = {
        ...order,
        now: world.clock.now(),
        executor: office.executor.session.principal.id,
      };
    });
    after(() => worlds.close());

    /** Somebody with an app whose reset is approved. */
    async function approvedFor(username: string) {
      const id = await newPerson(world, username);
      await world.enroll(await world.signInBy(username));
      return { id, request: (await approvedRequest(world, office, id)).id };
    }

    /** Runs the process; how many calls it came to, or null when it was killed. */
    async function carryOutUntil(request: ResetRequestId, death: Death): Promise<number | null> {
      const told: ResetOrder = { ...order, request, death };
      const environment = { SALLYPORT_TEST_RESET: JSON.stringify(told) };
      const { code, stdout, stderr } = await run('node', ['--no-warnings', script], {
        env: environment,
      });
      if (code === null) return null;
      assert.equal(code, 0, stderr);
      return (JSON.parse(stdout) as ResetOutcome).calls;
    }

    /** What is there of it: everything that a reset changes, as one value. */
    async function standing(id: UserId, request: ResetRequestId) {
      const { stores } = world.ctx;
      const user = sure(await stores.users.findById(id));
      const events = await stores.audit.listOfSubject(id, 100);
      return {
        state: sure(await stores.resets.find(request)).state,
        authenticators: (await stores.authenticators.listOfUser(id)).length,
        hasCodes: await stores.recoveryCodes.hasConfirmed(id),
        isGuarded: user.enrollGuard !== null,
        mustEnroll: user.mustEnrollAt !== null,
        links: (await stores.enrollmentLinks.listOfUser(id, world.clock.now())).length,
        executions: events.filter(({ type }) => type === 'reset.executed').length,
      };
    }

    const untouched = {
      state: 'approved',
      authenticators: 1,
      hasCodes: true,
      isGuarded: false,
      mustEnroll: false,
      links: 0,
      executions: 0,
    } as const;
    const done = {
      state: 'executed',
      authenticators: 0,
      hasCodes: false,
      isGuarded: true,
      mustEnroll: true,
      links: 1,
      executions: 1,
    } as const;

    test(
      'has done all of it or nothing, and the next one does it once',
      { timeout: 300_000 },
      async () => {
        const first = await approvedFor('first');
        const calls = sure(await carryOutUntil(first.request, 'never'));
        assert.deepEqual(await standing(first.id, first.request), done);
        assert.ok(calls > 15, `it came to ${String(calls)} calls only`);

        // From the first to the last, whose number may be one less for somebody else.
        const within = [1, 12, calls - 1];
        for (const death of [...within, 'committed'] as const) {
          const { id, request } = await approvedFor(`victim-${String(death)}`);
          assert.equal(await carryOutUntil(request, death), null, 'it was killed');

          // Right after the commit everything is done; before it, nothing.
          const isCommitted = death === 'committed';
          assert.deepEqual(
            await standing(id, request),
            isCommitted ? done : untouched,
            String(death),
          );
          const again = executeReset(world.ctx, office.executor, {
            id: request,
            enrollment: 'link',
          });
          if (isCommitted) {
            await assert.rejects(
              again,
              (error) => error instanceof Problem && error.code === 'conflict',
            );
          } else await again;
          assert.deepEqual(await standing(id, request), done);
        }
        const { ok } = await world.ctx.stores.audit.verify();
        assert.ok(ok, 'the chain is whole');
      },
    );
  });
}
