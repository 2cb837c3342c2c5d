/** The model of `/admin/explain`. */

import type { AdminFieldError, Badge, Filter } from '../blocks.ts';

/** One line of a trace: what was wanted, what was seen. */
export interface TraceRow {
  readonly outcome: 'hit' | 'miss' | 'not-reached';
  readonly what: string;
  readonly wants: string;
  readonly sees: string;
  /** What led to this line; a rule has its conditions here. */
  readonly parts: readonly TraceRow[];
}

/** What came out. */
export interface ExplainAnswer {
  readonly badge: Badge;
  /** "Refused", "Passes". */
  readonly title: string;
  readonly sentence: string;
  /** `deny, not-admitted, by console#3` */
  readonly code: string;
  /** `GET https://console.example.com/x` */
  readonly request: string;
  /** "from 10.20.0.9 by ben (TIER1) in SEC-OPS" */
  readonly who: string;
  readonly traces: readonly {
    readonly title: string;
    /** The first column. */
    readonly label: string;
    readonly rows: readonly TraceRow[];
    /** A check that fails is what refuses; a rule that does not fit is nothing bad. */
    readonly missTone: 'danger' | 'quiet';
    /** A rule says what it does; what it wants are its parts. */
    readonly areRules: boolean;
    /** Long, and mostly beside the point. */
    readonly isFolded: boolean;
  }[];
  readonly wouldPass: readonly string[];
  readonly assumptions: readonly string[];
}

/** The event that an explanation began with. */
export interface ExplainedEvent {
  readonly path: string;
  /** What happened then. */
  readonly sentence: string;
  /** Why, and that it is decided anew; and what is not as it was. */
  readonly notes: readonly string[];
}

/** Asks by GET; nothing is posted. */
export interface AdminExplainPage {
  readonly page: 'admin-explain';
  readonly form: Filter;
  readonly event: ExplainedEvent | null;
  /** Null: nothing was asked yet, or not so that it can be answered. */
  readonly answer: ExplainAnswer | null;
  readonly errors: readonly AdminFieldError[];
}
