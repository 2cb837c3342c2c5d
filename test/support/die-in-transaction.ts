/** Kills this process, as kill -9 does, in the middle of a transaction: at a call that is counted. */

import type { FlowContext } from '../../src/flows/flow-context.ts';
import type { Stores } from '../../src/stores/types.ts';

/** How many calls of stores a transaction came to, so that a test knows when to stop. */
export interface CallCount {
  calls: number;
}

/** When to die: before the call of this number inside the transaction, after its commit, or never. */
export type Death = number | 'committed' | 'never';

/** The context, whose next transaction is the end of this process. */
export function dyingAt(ctx: FlowContext, death: Death, count: CallCount): FlowContext {
  const called = (): void => {
    count.calls += 1;
    if (count.calls === death) die();
  };
  const transaction: Stores['transaction'] = async (work) => {
    const value = await ctx.stores.transaction((stores) => work(counted(stores, called)));
    if (death === 'committed') die();
    return value;
  };
  return { ...ctx, stores: { ...ctx.stores, transaction } };
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

function counted(stores: Stores, called: () => void): Stores {
  const wrap = (store: object): object =>
    new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...given: readonly unknown[]): unknown => {
          called();
          return Reflect.apply(member, target, given);
        };
      },
    });
  return Object.fromEntries(
    Object.entries(stores).map(([name, store]) => [
      name,
      typeof store === 'object' ? wrap(store as object) : store,
    ]),
  ) as unknown as Stores;
}
