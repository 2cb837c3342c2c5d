/** What happens to the audit trail by itself: it is checked, and the oldest of it is removed. */

import { defaultTenant } from '../../core/ids.ts';
import { addSeconds, type EpochMs } from '../../core/time.ts';
import { AuditChainBroken } from '../../stores/types.ts';
import { eventOnCommandLine } from '../audit-events.ts';
import type { FlowContext } from '../flow-context.ts';

/** What keeping the trail works with. */
export type KeepingContext = Pick<FlowContext, 'clock' | 'config' | 'log' | 'stores'>;

/**
 * Checks what has come since the last check, and says loudly what does not fit (security G12).
 * Never rejects: a trail that cannot be read now is checked next time.
 */
export async function checkAudit(
  { log, stores }: KeepingContext,
  report: (isWhole: boolean) => void,
): Promise<void> {
  try {
    const answer = await stores.audit.verify('since-checked');
    report(answer.ok);
    if (answer.ok) {
      log.info({ events: answer.events }, 'the audit chain is whole');
    } else {
      const { brokenAt, why } = answer;
      log.error({ event: brokenAt, why }, 'the audit chain is broken: somebody changed the trail');
    }
  } catch (error) {
    log.warn({ err: error }, 'the audit chain could not be checked');
  }
}

/**
 * Removes events that are older than the configuration keeps them, but for what a sink has yet to
 * be sent; the rest stays provable. Nothing is removed from a chain that is broken.
 */
export async function pruneAudit(
  { clock, config, log, stores }: KeepingContext,
  sinks: readonly string[],
): Promise<void> {
  const { keptSeconds } = config.current().auditTrail;
  if (keptSeconds === null) return;
  const now = clock.now();
  try {
    const removed = await stores.audit.prune({ before: addSeconds(now, -keptSeconds), sinks, now });
    if (removed > 0) log.info({ removed }, 'old audit events were removed');
  } catch (error) {
    if (!(error instanceof AuditChainBroken)) throw error;
    log.error({ err: error }, 'no old audit events are removed: the chain is broken');
  }
}

/**
 * Forgets how far the trail was sent to a sink: what waits for it is never sent. False: there is
 * no such sink. It is the way out when too much waits, and so is written down in spite of that.
 */
export async function forgetSink(
  { clock, stores }: KeepingContext,
  name: string,
): Promise<boolean> {
  return stores.transaction(async (stores) => {
    const known = (await stores.auditSinks.list()).find(({ sink }) => sink === name);
    if (known === undefined || !(await stores.auditSinks.forget(name))) return false;
    const event = eventOnCommandLine(
      { id: null, tenant: defaultTenant },
      {
        at: clock.now(),
        type: 'settings.changed',
        severity: 'high',
        details: { what: 'audit sink forgotten', sink: name, neverSent: known.waiting },
      },
    );
    await stores.audit.appendAll([event]);
    return true;
  });
}

/** Makes a question that is answered with yes once in so many seconds, and yes at first. */
export function onceIn(seconds: number): (now: EpochMs) => boolean {
  let dueAt: EpochMs | null = null;
  return (now) => {
    if (dueAt !== null && now < dueAt) return false;
    dueAt = addSeconds(now, seconds);
    return true;
  };
}
