/** Who a rule admits. */

import type { Principal } from '../facts.ts';

/** The people and services whom a rule lets pass; whoever matches one list is admitted. */
export interface Audience {
  readonly groups: readonly string[];
  readonly users: readonly string[];
  readonly services: readonly string[];
}

/**
 * Says whether the audience admits the principal. Without an audience every user is admitted;
 * a service account is admitted only where its name is written.
 */
export function admits(audience: Audience | null, principal: Principal): boolean {
  if (principal.kind === 'service') {
    return audience !== null && audience.services.includes(principal.username);
  }
  if (audience === null) return true;
  return (
    audience.users.includes(principal.username) ||
    audience.groups.some((group) => principal.groups.includes(group))
  );
}
