/** What the audit trail has of a run and of its people. */

import type { AuditEvent, AuditEventType } from '../../../core/audit-event.ts';
import type { AuditFilter } from '../../../stores/types/audit-trail.ts';
import type { ThrowAway } from '../run/person.ts';
import type { Run } from '../run/run.ts';

/** More than any of them brings about. */
const eventsMax = 1000;

/** The events of a kind about somebody, newest first, as the trail has them. */
export async function eventsOf(
  run: Run,
  { user }: Pick<ThrowAway, 'user'>,
  type: AuditEventType,
): Promise<readonly AuditEvent[]> {
  const all = await run.ctx.stores.audit.listOfSubject(user.id, eventsMax);
  return all.filter((event) => event.type === type);
}

/** Every event of the run, oldest first. */
export async function everyEvent({ ctx, tenant }: Run): Promise<readonly AuditEvent[]> {
  return Array.fromAsync(ctx.stores.auditBrowser.export({ ...everything, tenant }));
}

const everything: Omit<AuditFilter, 'tenant'> = {
  types: null,
  severities: null,
  subject: null,
  actor: null,
  ip: null,
  requestId: null,
  session: null,
  from: null,
  to: null,
};
