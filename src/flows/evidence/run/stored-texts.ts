/**
 * What the database holds about a run, remembered as it goes: much of it is there for a moment
 * only, such as a secret that waits for its first code.
 */

import type { Run } from './run.ts';

/** Remembers every text that the database holds about the run's people at this moment. */
export async function captureTexts(run: Run): Promise<void> {
  const users = run.everybody.map(({ user }) => user.id);
  const about = { users, tenant: run.tenant };
  for await (const { table, column, text } of run.ctx.stores.evidence.textsAbout(about)) {
    const place = `${table}.${column}`;
    const known = run.texts.get(place) ?? new Set();
    known.add(text);
    run.texts.set(place, known);
  }
}
