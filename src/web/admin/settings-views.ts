/** The model of `/admin/settings`. */

import type { AdminFieldError } from './blocks.ts';

/** Posts `mfa_required` (a tick-box) and `mfa_grace_period_days`. */
export interface AdminSettingsPage {
  readonly page: 'admin-settings';
  readonly tenantName: string;
  readonly isMfaRequired: boolean;
  /** As it was typed. */
  readonly gracePeriodDays: string;
  readonly graceDaysMax: number;
  /** What holds now, in sentences. */
  readonly standing: readonly string[];
  /** Somebody without the permission sees the settings and no button. */
  readonly canChange: boolean;
  readonly notice: string | null;
  readonly errors: readonly AdminFieldError[];
}
