/** When somebody should make new recovery codes while they still can. */

import { isMethodEnabled, type MfaPolicy } from '../../core/policy/mfa-policy.ts';

/** From this many unused codes down, pages warn and offer new ones. */
const fewCodes = 3;

/** Says whether few are left of codes that the policy lets people have. */
export function areFewCodesLeft(left: number, mfa: MfaPolicy): boolean {
  return left <= fewCodes && isMethodEnabled('recovery-code', mfa);
}
