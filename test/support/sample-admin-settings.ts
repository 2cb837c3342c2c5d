/** `/admin/settings` in its states. */

import type { Words } from '../../src/web/words.ts';
import type { SampleAdminPage } from './sample-admin.ts';

/** The samples by the name of their file. */
export function sampleSettingsPages({ say }: Words): ReadonlyMap<string, SampleAdminPage> {
  return new Map([
    [
      'admin-settings',
      {
        section: 'settings',
        page: {
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
          notice: null,
          errors: [],
        },
      },
    ],
  ]);
}
