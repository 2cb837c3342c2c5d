/** `/admin/settings` in its states. */

import type { AdminSettingsPage } from '../../src/web/admin/settings-views.ts';
import type { Words } from '../../src/web/words.ts';
import type { SampleAdminPage } from './sample-admin.ts';

/** The samples by the name of their file. */
export function sampleSettingsPages({ say, count }: Words): ReadonlyMap<string, SampleAdminPage> {
  const settings = {
    page: 'admin-settings',
    tenantName: 'Example Corp',
    isMfaRequired: true,
    gracePeriodDays: '14',
    graceDaysMax: 365,
    standing: [
      say('admin.settings.required'),
      say('admin.settings.grace', { until: '27 Nov 2026, 17:00 (SAST)' }),
    ],
    canChange: true,
    outlook: null,
    notice: null,
    errors: [],
  } as const;
  const page = (differences: Partial<AdminSettingsPage>): SampleAdminPage => ({
    section: 'settings',
    page: { ...settings, ...differences },
  });
  const people = count('admin.outlook.people', 42, { until: '6 Dec 2026, 14:32 (SAST)' });
  return new Map([
    ['admin-settings', page({ notice: say('admin.done.settings-changed') })],
    [
      'admin-settings-outlook',
      page({
        standing: [say('admin.settings.free')],
        outlook: { sentences: [people, say('admin.outlook.new-people')], isRelaxed: false },
      }),
    ],
    [
      'admin-settings-lifted',
      page({
        isMfaRequired: false,
        outlook: { sentences: [say('admin.outlook.lifted')], isRelaxed: true },
      }),
    ],
    [
      'admin-settings-wrong',
      page({
        gracePeriodDays: '9000',
        errors: [
          {
            field: 'mfa_grace_period_days',
            message: say('admin.settings.days-wrong', { most: 365 }),
          },
        ],
      }),
    ],
    ['admin-settings-auditor', page({ canChange: false })],
  ]);
}
