/**
 * What stands around every page of the administration, and the list of these pages. Each area has
 * its models in a file of its own beside this one, and one line in the union.
 */

import type {
  AdminResetPage,
  AdminResetRequestPage,
  AdminResetsPage,
} from './resets/resets-views.ts';
import type { AdminAuditEventPage, AdminAuditPage } from './audit/audit-views.ts';
import type {
  AdminEvidenceControlsPage,
  AdminEvidencePage,
  AdminEvidenceReportPage,
} from './evidence/evidence-views.ts';
import type { AdminExplainPage } from './explain/explain-views.ts';
import type { AdminPolicyPage } from './policy/policy-views.ts';
import type { AdminOverviewPage } from './overview/overview-views.ts';
import type {
  AdminLinkPage,
  AdminLockedPage,
  AdminNewUserPage,
  AdminUserPage,
  AdminUsersPage,
} from './people/people-views.ts';
import type { AdminSessionsPage } from './sessions/sessions-views.ts';
import type { AdminSettingsPage } from './settings-views.ts';

/** The parts of the administration, in the order of the rail. */
export const adminSections = [
  'overview',
  'users',
  'resets',
  'locked',
  'sessions',
  'audit',
  'explain',
  'policy',
  'settings',
  'evidence',
] as const;

/** A part of the administration. */
export type AdminSection = (typeof adminSections)[number];

/** The rail, and who is at work. */
export interface AdminFrame {
  /** Which of its sections a page belongs to. */
  readonly section: AdminSection;
  readonly sections: readonly {
    readonly section: AdminSection;
    /** `views/partials/icon-<icon>.eta` */
    readonly icon: string;
    readonly label: string;
    readonly path: string;
    /** What waits there, in a number and in words; null: nothing does. */
    readonly waiting: { readonly count: number; readonly label: string } | null;
  }[];
  /** What the person is here, in words: "Administrator, Auditor". */
  readonly roles: string;
  /** The tenant that is administered. */
  readonly tenant: string;
}

/** Every page of the administration. */
export type AdminPage =
  | AdminOverviewPage
  | AdminUsersPage
  | AdminNewUserPage
  | AdminUserPage
  | AdminLinkPage
  | AdminResetsPage
  | AdminResetPage
  | AdminResetRequestPage
  | AdminLockedPage
  | AdminSessionsPage
  | AdminSettingsPage
  | AdminAuditPage
  | AdminAuditEventPage
  | AdminExplainPage
  | AdminPolicyPage
  | AdminEvidencePage
  | AdminEvidenceReportPage
  | AdminEvidenceControlsPage;
