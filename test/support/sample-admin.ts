/**
 * The pages of the administration with invented people. Each area has its samples in a file of its
 * own, and one line in the list.
 */

import type { AdminFrame } from '../../src/web/admin/views.ts';
import type { Page } from '../../src/web/views.ts';
import type { Words } from '../../src/web/words.ts';
import { sampleAuditPages } from './sample-admin-audit.ts';
import { sampleExplainPages } from './sample-admin-explain.ts';
import { sampleEvidencePages } from './sample-admin-evidence.ts';
import { sampleOverviewPages } from './sample-admin-overview.ts';
import { samplePeoplePages } from './sample-admin-people.ts';
import { samplePolicyPages } from './sample-admin-policy.ts';
import { sampleResetPages } from './sample-admin-resets.ts';
import { sampleSettingsPages } from './sample-admin-settings.ts';

/** The rail of an administrator for whom two resets wait. */
export function anAdminFrame(
  { say, count }: Words,
  differences: Partial<AdminFrame> = {},
): AdminFrame {
  const waiting = { count: 2, label: count('admin.waiting.resets', 2) };
  const entry = (section: AdminFrame['section'], icon: string, waits = false) => ({
    section,
    icon,
    label: say(`admin.section.${section}`),
    path: section === 'overview' ? '/admin' : `/admin/${section}`,
    waiting: waits ? waiting : null,
  });
  return {
    section: 'overview',
    sections: [
      entry('overview', 'overview'),
      entry('users', 'people'),
      entry('resets', 'refresh', true),
      entry('locked', 'lock'),
      entry('sessions', 'laptop'),
      entry('audit', 'list'),
      entry('explain', 'help'),
      entry('policy', 'shield'),
      entry('settings', 'settings'),
      entry('evidence', 'document'),
    ],
    roles: `${say('admin.role.admin')}, ${say('admin.role.reset-executor')}`,
    tenant: 'Example Corp',
    ...differences,
  };
}

/** A page of the administration, and the section that it stands in. */
export interface SampleAdminPage {
  readonly section: AdminFrame['section'];
  readonly page: Page;
}

/** The samples by the name of their file. */
export function sampleAdminPages(words: Words): ReadonlyMap<string, SampleAdminPage> {
  const areas = [
    sampleOverviewPages,
    samplePeoplePages,
    sampleResetPages,
    sampleAuditPages,
    sampleExplainPages,
    samplePolicyPages,
    sampleSettingsPages,
    sampleEvidencePages,
  ];
  return new Map(areas.flatMap((samples) => [...samples(words)]));
}
