/**
 * The pages of the administration, as data. A row is read left to right: where, what a role must
 * allow, what protects it, who answers. A path without a parameter stands before one with. A form
 * posts to an address that has a page: that is where a step-up leads back to.
 */

import { admin, type Endpoint } from '../endpoint.ts';
import { showAudit, submitAudit } from './audit/audit.ts';
import { showAuditEvent } from './audit/audit-event.ts';
import { exportAuditFile } from './audit/audit-export.ts';
import { showEvidence, submitEvidence } from './evidence/evidence.ts';
import {
  downloadChecklist,
  downloadControlsHtml,
  downloadControlsMarkdown,
  downloadReportHtml,
  downloadReportJson,
  showControls,
  showEvidenceReport,
} from './evidence/evidence-report.ts';
import { showExplain } from './explain/explain.ts';
import { showPolicy } from './policy/policy.ts';
import { showOverview, submitOverview } from './overview/overview.ts';
import { submitPerson } from './people/change-person.ts';
import { showLocked, submitLocked } from './people/locked.ts';
import { showNewPerson, submitNewPerson } from './people/new-person.ts';
import { showPeople } from './people/people.ts';
import { showPerson, showPersonInstead } from './people/person.ts';
import { submitReset } from './resets/change-reset.ts';
import { submitEnrollment } from './resets/enrollment.ts';
import { showResetRequest, submitResetRequest } from './resets/request-reset.ts';
import { showReset } from './resets/reset.ts';
import { showResets } from './resets/resets.ts';
import { showSessions, submitSessions } from './sessions/sessions.ts';
import { showSettings, submitSettings } from './settings.ts';

// prettier-ignore
/** Every page of the administration, with the permission that it needs. */
export const adminEndpoints: readonly Endpoint[] = [
  //    method  path                         permission       csrf   handler
  admin('GET',  '/admin',                      'view',          'off', showOverview),
  admin('POST', '/admin',                      'manage',        'on',  submitOverview),
  admin('GET',  '/admin/users',                'view',          'off', showPeople),
  admin('GET',  '/admin/users/new',            'manage',        'off', showNewPerson),
  admin('POST', '/admin/users/new',            'manage',        'on',  submitNewPerson),
  admin('GET',  '/admin/users/:id',            'view',          'off', showPerson),
  admin('POST', '/admin/users/:id',            'manage',        'on',  submitPerson),
  admin('GET',  '/admin/users/:id/reset',      'request-reset', 'off', showResetRequest),
  admin('POST', '/admin/users/:id/reset',      'request-reset', 'on',  submitResetRequest),
  admin('GET',  '/admin/users/:id/enrollment', 'view',          'off', showPersonInstead),
  admin('POST', '/admin/users/:id/enrollment', 'execute-reset', 'on',  submitEnrollment),
  admin('GET',  '/admin/resets',               'view',          'off', showResets),
  admin('GET',  '/admin/resets/:id',           'view',          'off', showReset),
  // What each action of it takes is judged by its flow.
  admin('POST', '/admin/resets/:id',           'view',          'on',  submitReset),
  admin('GET',  '/admin/locked',               'view',          'off', showLocked),
  admin('POST', '/admin/locked',               'manage',        'on',  submitLocked),
  admin('GET',  '/admin/sessions',             'view',          'off', showSessions),
  admin('POST', '/admin/sessions',             'manage',        'on',  submitSessions),
  admin('GET',  '/admin/audit',                'view',          'off', showAudit),
  admin('POST', '/admin/audit',                'view',          'on',  submitAudit),
  admin('GET',  '/admin/audit/export',         'view',          'off', exportAuditFile),
  admin('GET',  '/admin/audit/:id',            'view',          'off', showAuditEvent),
  admin('GET',  '/admin/explain',              'view',          'off', showExplain),
  admin('GET',  '/admin/policy',               'view',          'off', showPolicy),
  admin('GET',  '/admin/settings',             'view',          'off', showSettings),
  admin('POST', '/admin/settings',             'manage',        'on',  submitSettings),
  admin('GET',  '/admin/evidence',                       'view',   'off', showEvidence),
  admin('POST', '/admin/evidence',                       'manage', 'on',  submitEvidence),
  admin('GET',  '/admin/evidence/controls',              'view',   'off', showControls),
  admin('GET',  '/admin/evidence/controls.html',         'view',   'off', downloadControlsHtml),
  admin('GET',  '/admin/evidence/controls.md',           'view',   'off', downloadControlsMarkdown),
  admin('GET',  '/admin/evidence/operator-checklist.md', 'view',   'off', downloadChecklist),
  admin('GET',  '/admin/evidence/:id',                   'view',   'off', showEvidenceReport),
  admin('GET',  '/admin/evidence/:id/report.html',       'view',   'off', downloadReportHtml),
  admin('GET',  '/admin/evidence/:id/report.json',       'view',   'off', downloadReportJson),
];
