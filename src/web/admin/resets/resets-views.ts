/** The models of the pages about resets: `/admin/resets`, one request, and the form that asks. */

import type {
  AdminFieldError,
  Badge,
  Confirmation,
  EmptyState,
  Fact,
  Filter,
  Moment,
  Option,
  Pager,
  StepLine,
} from '../blocks.ts';

/** A request in a list. */
export interface ResetRow {
  readonly path: string;
  readonly username: string;
  readonly tier: string;
  readonly badge: Badge;
  /** `1/2`; null: nobody has to approve, or it was over before. */
  readonly approvals: string | null;
  readonly ticket: string;
  readonly by: string;
  readonly asked: Moment;
  /** When it expires, or when it ended. */
  readonly end: { readonly label: string; readonly moment: Moment } | null;
}

/** Requests: what is open first, then what was. Posts nothing. */
export interface AdminResetsPage {
  readonly page: 'admin-resets';
  readonly filter: Filter;
  /** Null where the filter asks for something else. */
  readonly open: { readonly rows: readonly ResetRow[]; readonly empty: EmptyState | null } | null;
  readonly history: {
    readonly title: string;
    readonly rows: readonly ResetRow[];
    readonly empty: EmptyState | null;
  };
  readonly pager: Pager;
  readonly notice: string | null;
}

/** Something that can be done about a request. Each posts `action` and its own fields. */
export interface ResetActions {
  /** Posts `role`, of which there is one or two. */
  readonly approve: { readonly roles: readonly Option[] } | null;
  /** Posts `reason`. */
  readonly mayReject: boolean;
  /** Posts `reason`. */
  readonly mayCancel: boolean;
  /** Posts `enrollment`: `link` or `supervised`. */
  readonly execute: { readonly link: string } | null;
}

/** One request. */
export interface AdminResetPage {
  readonly page: 'admin-reset';
  readonly title: string;
  readonly path: string;
  readonly badge: Badge;
  readonly line: StepLine;
  /** Who may do what next, in sentences. */
  readonly next: readonly string[];
  /** Until when; null: it is over. */
  readonly expires: Moment | null;
  readonly actions: ResetActions;
  /** Other ways to enroll again, after it was carried out. */
  readonly enrollment: readonly Confirmation[];
  readonly facts: readonly Fact[];
  readonly proofing: readonly Fact[];
  /** Who approved, when. */
  readonly approvals: readonly { readonly text: string; readonly moment: Moment }[];
  readonly eventsPath: string;
  /** The reason that was typed into a form that was refused. */
  readonly typedReason: string;
  readonly notice: string | null;
  readonly errors: readonly AdminFieldError[];
}

/** A check of who is asking, as it was typed. */
export interface ProofingFields {
  readonly kind: string;
  readonly reference: string;
}

/** Posts `reason`, `ticket`, `proofing_<n>_kind` and `proofing_<n>_reference`, and `enrollment`. */
export interface AdminResetRequestPage {
  readonly page: 'admin-reset-request';
  readonly title: string;
  readonly path: string;
  readonly back: { readonly path: string; readonly label: string };
  /** What asking comes to, in sentences. */
  readonly outlook: readonly string[];
  /** Why it cannot be asked for, with a way on; null: it can. */
  readonly obstacle: { readonly text: string; readonly path: string | null } | null;
  readonly reason: string;
  readonly ticket: string;
  readonly proofing: readonly ProofingFields[];
  readonly kinds: readonly Option[];
  readonly isProofingNeeded: boolean;
  /** It is carried out at once: how the person enrolls again is chosen here. */
  readonly isImmediate: boolean;
  /** What becomes of a link. */
  readonly link: string;
  readonly enrollment: 'link' | 'supervised';
  readonly errors: readonly AdminFieldError[];
}
