/** What is asked of storage after a backup was put back. */

import type { AuthenticatorId } from '../../core/ids.ts';

/** Where the audit chain ends. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/** What was withdrawn, by number. */
export interface Withdrawn {
  /** One-time links, which may have been used since. */
  readonly links: number;
  /** Mails that waited, which may have been sent since. */
  readonly mails: number;
  /** Browsers that were trusted, which may have been forgotten since. */
  readonly trustedDevices: number;
}

/** Work on all that a backup brings back. */
export interface RestoringStore {
  chainHead(): Promise<ChainHead>;
  /** Removes or ends what may have been used, sent or ended since the backup was made. */
  withdrawAll(): Promise<Withdrawn>;
  /** No code up to this time step counts any more. */
  spendSteps(id: AuthenticatorId, step: number): Promise<void>;
}
