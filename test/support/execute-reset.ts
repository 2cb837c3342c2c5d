/**
 * A process that carries out a reset and is killed on the way, for `test/fault/resets.test.ts`. What
 * to do stands in `SALLYPORT_TEST_RESET` as JSON; what came of it is its last line.
 */

import type { ResetRequestId, UserId } from '../../src/core/ids.ts';
import { executeReset } from '../../src/flows/admin/resets.ts';
import { Secret } from '../../src/platform/secret.ts';
import type { DatabaseLocation } from '../../src/stores/sql/database.ts';
import { dyingAt, type Death } from './die-in-transaction.ts';
import { openWorld, visit } from './flow-world.ts';
import { freshSession, officePolicy } from './reset-office.ts';

/** What the process is told. */
export interface ResetOrder {
  readonly engine: DatabaseLocation['kind'];
  /** A file, or an address. */
  readonly place: string;
  readonly now: number;
  readonly request: ResetRequestId;
  readonly executor: UserId;
  readonly death: Death;
}

/** What came of it, where it lived. */
export interface ResetOutcome {
  readonly calls: number;
}

if (import.meta.main) {
  const order = JSON.parse(process.env['SALLYPORT_TEST_RESET'] ?? '') as ResetOrder;
  const { engine, place, now, request: id, executor, death } = order;
  const database: DatabaseLocation =
    engine === 'sqlite' ? { kind: engine, file: place } : { kind: engine, url: new Secret(place) };
  const world = await openWorld({ database, config: { policy: officePolicy() } });
  world.clock.set(now);
  const admin = { session: await freshSession(world, executor), visit: visit() };
  const count = { calls: 0 };
  const ctx = dyingAt(world.ctx, death, count);
  await executeReset(ctx, admin, { id, enrollment: 'link' });
  const outcome: ResetOutcome = { calls: count.calls };
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
  await world.close();
}
