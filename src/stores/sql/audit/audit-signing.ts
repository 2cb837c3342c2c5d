/**
 * Signs the ends of a chain that were not signed before. There are two occasions: a database from
 * before there were signatures was just brought up to date, and an operator has decided so.
 */

import type { Severity } from '../../../core/audit-event.ts';
import { defaultTenant } from '../../../core/ids.ts';
import type { EpochMs } from '../../../core/time.ts';
import type { AuditVerification } from '../../types.ts';
import { appendToChain, headOf, type ChainParts } from './audit-chain.ts';
import { signEnds } from './audit-signature.ts';
import { verifyChain } from './audit-verification.ts';
import { inTransaction } from '../in-transaction.ts';
import type { Db } from '../tables.ts';

/** Who signs and why; it stands in the trail. */
export interface Signing {
  readonly actor: string;
  readonly at: EpochMs;
  readonly reason: string;
}

/** Signs a chain that has no signature; leaves every other one alone. */
export async function beginSigning(db: Db, parts: ChainParts, at: EpochMs): Promise<void> {
  const keys = parts.keys();
  if (keys === null) return;
  await inTransaction(db, async (db) => {
    // Holds the head, so that of instances that start together one signs.
    await db.updateTable('audit_head').set({ id: 1 }).execute();
    const head = await headOf(db);
    if (head === null || head.mac !== null) return;
    if (head.last_seq === 0) {
      await db
        .updateTable('audit_head')
        .set({ mac: signEnds(keys, head) })
        .execute();
    } else {
      await appendSigned(db, parts, {
        actor: 'system',
        at,
        reason: 'the database was brought up to date',
        severity: 'notice',
      });
    }
  });
}

/** Signs the ends as they are, if the events between them fit; else says what does not. */
export async function signAnew(db: Db, parts: ChainParts, by: Signing): Promise<AuditVerification> {
  const answer = await verifyChain(db, { keys: () => null }, 'all');
  if (answer.ok) {
    await inTransaction(db, (db) => appendSigned(db, parts, { ...by, severity: 'high' }));
  }
  return answer;
}

async function appendSigned(
  db: Db,
  parts: ChainParts,
  { actor, at, reason, severity }: Signing & { readonly severity: Severity },
): Promise<void> {
  const signed = {
    at,
    type: 'audit.signed',
    severity,
    actor,
    subject: null,
    tenant: defaultTenant,
    ip: null,
    userAgent: null,
    session: null,
    requestId: null,
    details: { reason },
  } as const;
  await appendToChain(db, parts, [signed], { signing: 'anew' });
}
