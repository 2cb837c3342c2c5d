/** The tenant in a path: an administrator's own, or there is nothing there. */

import type { TenantId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import type { AdminCall } from '../operation.ts';

/**
 * The administrator's tenant. Throws the problem `not-found` when the path names another: whether
 * there is one of that name is nobody else's business.
 */
export function ownTenant({
  parameters,
  session,
}: Pick<AdminCall, 'parameters' | 'session'>): TenantId {
  const { tenant } = session.principal;
  if (parameters['tenant_id'] !== tenant) throw new Problem('not-found');
  return tenant;
}
