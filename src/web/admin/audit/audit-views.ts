/** The models of the pages below `/admin/audit`. */

import type { AdminFieldError, Badge, EmptyState, Fact, Filter, Moment } from '../blocks.ts';

/** One event in a list. */
export interface AuditRow {
  /** Its own page. */
  readonly path: string;
  /** What happened, by whom, to whom. */
  readonly sentence: string;
  readonly severity: Badge;
  readonly moment: Moment;
  /** "Firefox on Linux, 10.20.0.14"; null: nobody came over the network. */
  readonly from: string | null;
  readonly type: string;
  /** What the event says besides. */
  readonly details: readonly Fact[];
  /** Where it is explained; null: it is about no request. */
  readonly explainPath: string | null;
}

/** A link in a row of links. */
export interface AuditLink {
  readonly label: string;
  readonly path: string;
}

/** Events, newest first. Posts `action=verify` where the chain may be checked. */
export interface AdminAuditPage {
  readonly page: 'admin-audit';
  /** The zone that instants are written and read in. */
  readonly timeZone: string;
  readonly filter: Filter;
  readonly periods: readonly AuditLink[];
  readonly rows: readonly AuditRow[];
  readonly empty: EmptyState | null;
  readonly pager: {
    readonly newestPath: string | null;
    readonly newerPath: string | null;
    readonly olderPath: string | null;
  };
  /** What is found as a file. */
  readonly exports: readonly AuditLink[];
  /** Null: whoever looks does not run the installation. */
  readonly chain: { readonly result: ChainResult | null } | null;
  readonly notice: string | null;
  readonly errors: readonly AdminFieldError[];
}

/** How checking the chain came out. */
export interface ChainResult {
  readonly isWhole: boolean;
  readonly sentence: string;
}

/** One event, whole. */
export interface AdminAuditEventPage {
  readonly page: 'admin-audit-event';
  readonly sentence: string;
  readonly severity: Badge;
  readonly facts: readonly Fact[];
  readonly details: readonly Fact[];
  /** The whole event as an export has it, set for people. */
  readonly document: string;
  readonly explainPath: string | null;
  readonly neighbours: readonly {
    readonly title: string;
    /** All of them, as a list. */
    readonly path: string;
    readonly rows: readonly AuditRow[];
  }[];
}
