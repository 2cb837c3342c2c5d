/** The states of a reset request, and who may move it on. */

/**
 * `pending` until enough have approved, then `approved` until somebody executes it. The other four
 * are ends; a request reaches exactly one of them.
 */
export const resetStates = [
  'pending',
  'approved',
  'executed',
  'rejected',
  'cancelled',
  'expired',
] as const;

/** Where a reset request stands. */
export type ResetState = (typeof resetStates)[number];

/** States in which something can still happen. */
export const openResetStates = ['pending', 'approved'] as const satisfies readonly ResetState[];
