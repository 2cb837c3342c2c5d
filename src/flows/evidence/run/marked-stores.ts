/**
 * The stores as a run of evidence sees them: each audit event that it causes carries the run's id,
 * whatever flow writes it, so that nobody takes it for something that happened to people.
 */

import type { NewAuditEvent } from '../../../core/audit-event.ts';
import type { EvidenceId } from '../../../core/ids.ts';
import type { Stores } from '../../../stores/types.ts';

/** The stores with every event marked, inside transactions too. */
export function markedStores(stores: Stores, id: EvidenceId): Stores {
  const marked = (event: NewAuditEvent): NewAuditEvent => ({
    ...event,
    details: { ...event.details, evidence: id },
  });
  const { audit } = stores;
  return {
    ...stores,
    audit: {
      ...audit,
      append: (event) => audit.append(marked(event)),
      appendAll: (events) => audit.appendAll(events.map(marked)),
    },
    transaction: (work) => stores.transaction((inside) => work(markedStores(inside, id))),
  };
}
