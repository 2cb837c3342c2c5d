/** The model of `/admin/sessions`. */

import type { Confirmation, EmptyState, Moment, Pager } from '../blocks.ts';

/**
 * Who is signed in, and what they have open. Posts `action=end-session` with `session`,
 * `action=end-sessions` with `user`, and `action=end-stream` with `session` and `user`.
 */
export interface AdminSessionsPage {
  readonly page: 'admin-sessions';
  readonly rows: readonly {
    readonly username: string;
    readonly displayName: string;
    readonly path: string;
    readonly device: string;
    readonly address: string;
    readonly proofs: string;
    readonly began: Moment;
    readonly seen: Moment;
    readonly isThisOne: boolean;
    readonly actions: readonly Confirmation[];
  }[];
  readonly pager: Pager;
  readonly empty: EmptyState | null;
  /** WebSockets and answers that are open at this instance. */
  readonly streams: readonly {
    readonly username: string;
    readonly path: string;
    readonly kind: string;
    readonly route: string;
    readonly target: string;
    readonly address: string;
    readonly opened: Moment;
    readonly end: Confirmation | null;
  }[];
  /** How many there are in all, where not all are shown. */
  readonly streamsNote: string | null;
  readonly notice: string | null;
}
