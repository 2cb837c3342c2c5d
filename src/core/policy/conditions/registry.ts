/**
 * Every condition that a rule's `when` may name. A new one is a file beside this and a line here.
 */

import { methodCondition } from './method.ts';
import { networkCondition } from './network.ts';
import { pathCondition } from './path.ts';
import { timeCondition } from './time.ts';

/** The builder of each condition, by its key in the configuration. */
export const conditions = {
  path: pathCondition,
  method: methodCondition,
  network: networkCondition,
  time: timeCondition,
} as const;
