/** How many rows one statement may look at. */

import { isPostgres } from './is-postgres.ts';
import type { Db } from './tables.ts';

/**
 * SQLite answers while everything else in the process waits, so a slice takes a few milliseconds
 * there. PostgreSQL answers elsewhere and is given up on after a second and a half.
 */
export function sliceSizeOn(db: Db): number {
  return isPostgres(db) ? 20_000 : 2000;
}
