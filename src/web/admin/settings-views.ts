/** The model of `/admin/settings`. */

import type { AdminFieldError } from './blocks.ts';

/**
 * First asks, by GET, what `mfa_required` (`yes` or `no`) and `mfa_grace_period_days` would come to;
 * then posts the same two.
 */
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
  /** What would come of it, in sentences; null: nothing is asked for that does not hold already. */
  readonly outlook: { readonly sentences: readonly string[]; readonly isRelaxed: boolean } | null;
  readonly notice: string | null;
  readonly errors: readonly AdminFieldError[];
}
