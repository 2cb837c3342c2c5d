/** The one place that reads the time. */

import type { EpochMs } from '../core/time.ts';

/** Tells the time. */
export interface Clock {
  now(): EpochMs;
}
