/**
 * The tenants that runs of evidence make for themselves and remove again. Their names tell when
 * they were made; nobody else may have a tenant of such a name.
 */

import type { TenantId } from './ids.ts';
import type { EpochMs } from './time.ts';

/** What the names of these tenants begin with. */
export const evidencePrefix = 'evidence-';

const pattern = /^evidence-(?<at>[0-9a-z]{8,9})-[0-9a-f]{16}$/;

/** Random bytes that a name needs. */
export const evidenceTenantBytes = 8;

/** Makes the tenant of a run that begins at an instant. */
export function evidenceTenantAt(at: EpochMs, bytes: Buffer): TenantId {
  const moment = at.toString(36).padStart(8, '0');
  return `${evidencePrefix}${moment}-${bytes.toString('hex')}` as TenantId;
}

/** Says whether a tenant was made by a run of evidence. */
export function isEvidenceTenant(tenant: TenantId): boolean {
  return pattern.test(tenant);
}

/** When such a tenant was made; null for any other. */
export function evidenceTenantMadeAt(tenant: TenantId): EpochMs | null {
  const at = pattern.exec(tenant)?.groups?.['at'];
  return at === undefined ? null : Number.parseInt(at, 36);
}
