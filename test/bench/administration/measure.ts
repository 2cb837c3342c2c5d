/** Times questions, and how long each keeps the process from doing anything else. */

import { setImmediate as immediate } from 'node:timers/promises';

/** A question to a store; it says how many rows came. */
export interface Case {
  readonly name: string;
  readonly ask: () => Promise<number>;
}

/** What a question took. */
export interface Result {
  readonly rows: number;
  /** Of the rounds after the first. */
  readonly medianMs: number;
  readonly slowestMs: number;
  /** With nothing in the engine's cache of this question yet. */
  readonly firstMs: number;
  /** Processor time of the whole process, of all rounds on average. */
  readonly cpuMs: number;
  /** The longest for which nothing else could run, in processor time: others do not count. */
  readonly blockedMs: number;
}

/** Asks every question in turn, several rounds. */
export async function measureAll(
  cases: readonly Case[],
  rounds: number,
): Promise<Readonly<Record<string, Result>>> {
  const results: Record<string, Result> = {};
  for (const { name, ask } of cases) {
    const times: number[] = [];
    let rows = 0;
    let blocked = 0;
    const cpu = process.cpuUsage();
    for (let round = 0; round <= rounds; round += 1) {
      const watch = watchLoop();
      const startedAt = performance.now();
      rows = await ask();
      times.push(performance.now() - startedAt);
      blocked = Math.max(blocked, await watch.stop());
    }
    const { user, system } = process.cpuUsage(cpu);
    const [first = 0, ...later] = times;
    const sorted = later.toSorted((one, other) => one - other);
    results[name] = {
      rows,
      medianMs: rounded(sorted[Math.floor(sorted.length / 2)] ?? 0),
      slowestMs: rounded(sorted.at(-1) ?? 0),
      firstMs: rounded(first),
      cpuMs: rounded((user + system) / 1000 / (rounds + 1)),
      blockedMs: rounded(blocked),
    };
    process.stderr.write(`${name}: ${JSON.stringify(results[name])}\n`);
  }
  return results;
}

/** The most processor time of this thread in one turn of the event loop until it is stopped. */
function watchLoop(): { stop(): Promise<number> } {
  let most = 0;
  let last = process.threadCpuUsage();
  let isOver = false;
  const turn = (): void => {
    const { user, system } = process.threadCpuUsage(last);
    most = Math.max(most, (user + system) / 1000);
    last = process.threadCpuUsage();
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  return {
    async stop() {
      await immediate();
      isOver = true;
      await immediate();
      return most;
    },
  };
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
