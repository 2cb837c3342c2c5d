/** What is asked of the audit trail beside appending: browsing, pruning, sending on. */

import type { AuditEvent, AuditEventType, Severity } from '../../core/audit-event.ts';
import type { AuditEventId, SessionKey, TenantId, UserId } from '../../core/ids.ts';
import type { EpochMs } from '../../core/time.ts';

/** Which events; null: it does not matter. */
export interface AuditFilter {
  readonly tenant: TenantId;
  readonly types: readonly AuditEventType[] | null;
  readonly severities: readonly Severity[] | null;
  readonly subject: UserId | null;
  readonly actor: string | null;
  readonly ip: string | null;
  readonly requestId: string | null;
  readonly session: SessionKey | null;
  /** From this instant on. */
  readonly from: EpochMs | null;
  /** Before this instant. */
  readonly to: EpochMs | null;
}

/** Refusals of one kind in an hour. */
export interface RefusalCount {
  readonly reason: string;
  readonly count: number;
}

/** A page of the trail, beside an event or (null) at the newest end. */
export interface AuditPage {
  readonly after: AuditEventId | null;
  readonly limit: number;
  /** Which side of `after`: what is older, unless `newer` is asked for. */
  readonly side?: 'older' | 'newer';
}

/** Reading the trail page by page, and what is kept of it. */
export interface AuditBrowser {
  /**
   * Newest first, those next to `after`, which is left out: the id that the page before ended with,
   * or with `newer` began with. Nothing beside an event that is not in the tenant.
   */
  browse(filter: AuditFilter, page: AuditPage): Promise<readonly AuditEvent[]>;
  /** Oldest first, all that fit: for exports. */
  export(filter: AuditFilter): AsyncIterable<AuditEvent>;
  /** Null when there is none of this id in this tenant. */
  find(tenant: TenantId, id: AuditEventId): Promise<AuditEvent | null>;
  /** Refused requests by reason since then, most first. */
  countRefusals(tenant: TenantId, since: EpochMs): Promise<readonly RefusalCount[]>;
}

/** Where sending on has come to. */
export interface SinkState {
  /** Number of the last event that was handed over. */
  readonly lastSeq: number;
  /** Number of the last event there is. */
  readonly headSeq: number;
}

/** An event with its number in the chain. */
export interface NumberedEvent {
  readonly seq: number;
  readonly event: AuditEvent;
}

/** Why events could not be handed over. */
export interface SinkTrouble {
  /** When it began. */
  readonly since: EpochMs;
  /** What went wrong last, in a sentence for operators. */
  readonly failure: string;
}

/** A sink as whoever looks after it sees it. */
export interface KnownSink {
  readonly sink: string;
  readonly waiting: number;
  /** When events were handed over last; null: never. */
  readonly handedOverAt: EpochMs | null;
  /** Null: the last try went well, or there was none. */
  readonly trouble: SinkTrouble | null;
}

/** Cursors of what is sent on. The trail itself is the buffer: nothing is written twice. */
export interface AuditSinkStore {
  /**
   * Takes a sink for this instance until `leaseUntil`, if nobody else has it. A sink that was not
   * known begins at the end of the chain. Null: somebody else has it.
   */
  take(asked: {
    readonly sink: string;
    readonly holder: string;
    readonly now: EpochMs;
    readonly leaseUntil: EpochMs;
  }): Promise<SinkState | null>;
  /** The events after one, oldest first. */
  read(afterSeq: number, limit: number): Promise<readonly NumberedEvent[]>;
  /**
   * Everything up to this number was handed over at that time, and no trouble is left. False, and
   * nothing written: somebody else holds the sink.
   */
  advance(sink: string, holder: string, seq: number, at: EpochMs): Promise<boolean>;
  /** What comes after this number is in doubt and is to be handed over once more. */
  takeBack(sink: string, holder: string, seq: number): Promise<void>;
  /** Notes what went wrong, for whoever holds the sink. */
  noteTrouble(sink: string, holder: string, trouble: SinkTrouble): Promise<void>;
  /** Lets go of a sink, so that another instance need not wait for the lease to end. */
  release(sink: string, holder: string): Promise<void>;
  /** Every sink that was ever taken and not forgotten, by name. */
  list(): Promise<readonly KnownSink[]>;
  /** Forgets a sink: should it be taken again, it begins at the end of the chain. True: it was known. */
  forget(sink: string): Promise<boolean>;
  /** How many events wait for the slowest of these sinks. */
  countWaiting(sinks: readonly string[]): Promise<number>;
}
