/** What the codes of a person's apps look like, for a page that asks for one. */

import type { UserId } from '../../core/ids.ts';
import { UnsealError } from '../../platform/seal.ts';
import type { FlowContext } from '../flow-context.ts';

/** Null where the person's apps differ: a page that counted digits would send half a code. */
export interface CodeShape {
  readonly digits: number | null;
  readonly periodSeconds: number | null;
}

/**
 * The shape of the person's own apps, which may have been enrolled under other settings, or in
 * another product; what is configured for whoever has none.
 */
export async function codeShapeOf(
  ctx: Pick<FlowContext, 'config' | 'stores' | 'totpEnrollment'>,
  user: UserId,
): Promise<CodeShape> {
  const all = await ctx.stores.authenticators.listOfUser(user);
  const shapes = all
    .filter(({ method }) => method === 'totp')
    .flatMap((app) => {
      try {
        return [ctx.totpEnrollment.shapeOf(app)];
      } catch (error) {
        // An app that does not open takes no code; whoever has another way in must get there.
        if (error instanceof UnsealError) return [];
        throw error;
      }
    });
  if (shapes.length === 0) {
    const { digits, periodSeconds } = ctx.config.current().totp;
    return { digits, periodSeconds };
  }
  return {
    digits: onlyOf(shapes.map(({ digits }) => digits)),
    periodSeconds: onlyOf(shapes.map(({ periodSeconds }) => periodSeconds)),
  };
}

function onlyOf(values: readonly number[]): number | null {
  const [first] = values;
  return first !== undefined && values.every((value) => value === first) ? first : null;
}
