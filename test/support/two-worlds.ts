/** Two instances of the gateway on one database, SQLite or PostgreSQL, to let them race. */

import path from 'node:path';

import type { DatabaseLocation } from '../../src/stores/sql/database.ts';
import { openWorld, type EnrolledPerson, type World } from './flow-world.ts';
import { startPostgres } from './servers.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Something that two instances can share. */
export interface SharedEngine {
  readonly name: string;
  readonly open: () => Promise<{
    readonly location: DatabaseLocation;
    readonly remove: () => Promise<void>;
  }>;
}

/** Every database that two instances can share. */
export const sharedEngines: readonly SharedEngine[] = [
  {
    name: 'SQLite',
    async open() {
      const folder = temporaryFolder();
      const location = { kind: 'sqlite', file: path.join(folder.path, 'shared.db') } as const;
      return await Promise.resolve({
        location,
        remove: () => Promise.resolve(folder.remove()),
      });
    },
  },
  {
    name: 'PostgreSQL',
    async open() {
      const server = await startPostgres();
      return { location: { kind: 'postgres', url: server.url }, remove: () => server.remove() };
    },
  },
];

/** Two worlds that are one to the people in them. */
export interface TwoWorlds {
  readonly one: World;
  readonly two: World;
  /** Runs the work on both instances in turn, all at once, and collects the answers. */
  together<Value>(
    times: number,
    work: (world: World, at: number) => Promise<Value>,
  ): Promise<readonly PromiseSettledResult<Value>[]>;
  /** Somebody with an app, as `World.enrolledPerson` makes them; both clocks go along. */
  enrolled(username: string): Promise<EnrolledPerson>;
  configure: World['configure'];
  advance(seconds: number): void;
  close(): Promise<void>;
}

/** Opens both; `close` them after the tests. */
export async function openTwoWorlds(engine: SharedEngine): Promise<TwoWorlds> {
  const { location, remove } = await engine.open();
  const one = await openWorld({ database: location });
  const two = await openWorld({ database: location });
  const both = [one, two] as const;
  return {
    one,
    two,
    together: (times, work) =>
      Promise.allSettled(
        Array.from({ length: times }, (_, at) => work(at % 2 === 0 ? one : two, at)),
      ),
    async enrolled(username) {
      const person = await one.enrolledPerson(username);
      two.clock.set(one.clock.now());
      return person;
    },
    configure(changes) {
      for (const world of both) world.configure(changes);
    },
    advance(seconds) {
      for (const world of both) world.clock.advance(seconds);
    },
    async close() {
      for (const world of both) await world.close();
      await remove();
    },
  };
}

/** Says whether what was tried came out as done. */
export function isAccepted<Value extends { readonly ok: boolean }>(
  outcome: PromiseSettledResult<Value>,
): outcome is PromiseFulfilledResult<Extract<Value, { readonly ok: true }>> {
  return outcome.status === 'fulfilled' && outcome.value.ok;
}
