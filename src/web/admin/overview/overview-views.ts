/** The model of `/admin`. */

import type { Badge, Moment } from '../blocks.ts';

/** A bar of parts, one beside the other, with its numbers in words. */
export interface StackedBar {
  readonly label: string;
  readonly total: string;
  readonly path: string;
  readonly parts: readonly {
    readonly kind: 'enrolled' | 'in-grace' | 'missing' | 'not-asked';
    readonly label: string;
    readonly people: number;
    readonly path: string;
    /** In hundredths of the bar. */
    readonly x: number;
    readonly width: number;
  }[];
}

/** A line over days. Coordinates are in a box of 600 by 120. */
export interface TrendChart {
  /** What it shows, in a sentence for who does not see it. */
  readonly label: string;
  readonly lines: readonly {
    readonly kind: 'enrolled' | 'in-grace' | 'missing';
    readonly label: string;
    readonly points: string;
    /** Where the last point is. */
    readonly end: { readonly x: number; readonly y: number };
  }[];
  readonly top: string;
  readonly first: string;
  readonly last: string;
  readonly rows: readonly { readonly day: string; readonly numbers: readonly number[] }[];
}

/** How the tenant stands. Posts `action=remind` with `whom` and, from the second batch on, `after`. */
export interface AdminOverviewPage {
  readonly page: 'admin-overview';
  readonly numbers: readonly {
    readonly label: string;
    readonly value: string;
    readonly path: string;
    /** "12 more than 7 days ago"; null: nothing was noted then. */
    readonly trend: string | null;
    readonly tone: 'good' | 'warning' | 'danger' | 'quiet';
  }[];
  readonly tiers: readonly StackedBar[];
  readonly methods: readonly {
    readonly label: string;
    readonly icon: string;
    readonly people: number;
    readonly share: string;
    readonly width: number;
    readonly path: string | null;
  }[];
  readonly trend: TrendChart | null;
  readonly refusals: readonly {
    readonly reason: string;
    readonly lately: number;
    readonly longer: number;
    /** In hundredths of the longest bar. */
    readonly width: number;
  }[];
  readonly refusalsPath: string;
  readonly resets: readonly {
    readonly path: string;
    readonly text: string;
    readonly badge: Badge;
    readonly at: Moment;
  }[];
  readonly resetsMore: string | null;
  readonly locked: readonly {
    readonly path: string;
    readonly name: string;
    readonly until: Moment;
  }[];
  readonly inGrace: DueList;
  readonly missing: DueList;
  readonly notice: string | null;
}

/** People who owe a second step, or will. */
export interface DueList {
  readonly title: string;
  readonly none: string;
  readonly people: readonly {
    readonly path: string;
    readonly name: string;
    readonly until: Moment | null;
  }[];
  /** "All 240"; null: they are all shown. */
  readonly more: { readonly path: string; readonly label: string } | null;
  /** The button that reminds them; null: whoever looks may not, or there is no mail. */
  readonly remind: { readonly whom: string; readonly after: string; readonly label: string } | null;
}
