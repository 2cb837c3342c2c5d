/** Flows over stores that do something wrong, inside transactions too. */

import type { FlowContext } from '../../src/flows/flow-context.ts';
import type { Stores } from '../../src/stores/types.ts';

/** The same flows, over stores that some of which are put in place of the whole ones. */
export function withBrokenStores(
  ctx: FlowContext,
  broken: (stores: Stores) => Partial<Stores>,
): FlowContext {
  return { ...ctx, stores: brokenOnes(ctx.stores, broken) };
}

function brokenOnes(stores: Stores, broken: (stores: Stores) => Partial<Stores>): Stores {
  return {
    ...stores,
    ...broken(stores),
    transaction: (work) => stores.transaction((inside) => work(brokenOnes(inside, broken))),
  };
}
