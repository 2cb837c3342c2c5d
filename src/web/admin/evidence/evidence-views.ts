/** The models of the pages below `/admin/evidence`, and of the documents that are kept. */

import type { PolicyStatement } from '../../../flows/evidence/report.ts';
import type { Badge, Confirmation, EmptyState, Fact, Moment } from '../blocks.ts';

/** Posts `action=collect`. */
export interface AdminEvidencePage {
  readonly page: 'admin-evidence';
  /** A run is under way at this instance, in a sentence. */
  readonly running: string | null;
  /** Why the last run came to no report. */
  readonly failure: string | null;
  /** Null: this person may not, or a run is under way. */
  readonly collect: Confirmation | null;
  readonly reports: readonly {
    readonly path: string;
    readonly moment: Moment;
    readonly by: string;
    readonly outcome: Badge;
  }[];
  readonly empty: EmptyState;
  readonly notice: string | null;
}

/** Files that can be taken away. */
export type Downloads = readonly { readonly label: string; readonly path: string }[];

/** One report. */
export interface AdminEvidenceReportPage {
  readonly page: 'admin-evidence-report';
  readonly view: ReportView;
  readonly downloads: Downloads;
  readonly notice: string | null;
}

/** The mapping of controls. */
export interface AdminEvidenceControlsPage {
  readonly page: 'admin-evidence-controls';
  readonly view: ControlsView;
  readonly downloads: Downloads;
}

/** A report as people read it, on a page or in a document. */
export interface ReportView {
  readonly title: string;
  readonly outcome: Badge;
  readonly verdict: string;
  readonly facts: readonly Fact[];
  readonly verifications: readonly {
    readonly id: string;
    readonly title: string;
    readonly outcome: Badge;
    readonly checks: readonly CheckView[];
  }[];
  readonly policy: readonly PolicyStatement[];
}

/** One check. */
export interface CheckView {
  readonly id: string;
  readonly what: string;
  readonly how: string;
  readonly expected: string;
  readonly seen: string;
  readonly outcome: Badge;
  readonly isFailed: boolean;
  /** It was not tried; `expected` says what holds instead. */
  readonly isSkipped: boolean;
}

/** The controls as people read them. */
export interface ControlsView {
  readonly facts: readonly Fact[];
  readonly controls: readonly {
    /** "PCI DSS 4.0 8.4" */
    readonly name: string;
    readonly title: string;
    readonly asks: string;
    readonly status: Badge;
    readonly findings: readonly {
      readonly kind: Badge;
      readonly text: string;
      readonly where: string;
    }[];
    /** How our wording of it was checked. */
    readonly checked: string;
  }[];
}
