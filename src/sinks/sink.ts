/** What a sink of the audit trail is, whatever it speaks. */

import type { NumberedEvent } from '../stores/types/audit-trail.ts';

/** The sinks there are; the name is that of the section of the configuration. */
export const sinkNames = ['syslog', 'webhook'] as const;
export type SinkName = (typeof sinkNames)[number];

/** Somebody who is handed the events of the audit trail, in their order. */
export interface AuditSink {
  /** Hands events over, oldest first. Resolves once they are taken; rejects with `SinkFailure`. */
  deliver(events: readonly NumberedEvent[], signal: AbortSignal): Promise<void>;
  /**
   * The number of the last event that arrived for all that is known, when a connection broke and
   * what was written to it before is in doubt; null: nothing is. Asking ends the doubt.
   */
  takeDoubt(): number | null;
  /** Ends what is open, in good order where that is quick. Doubts may come of it. */
  close(): Promise<void>;
}

/** Events could not be handed over, or it is not known whether they were. */
export class SinkFailure extends Error {
  /** `refused`: the receiver answers, and not because of a passing trouble. */
  readonly kind: 'unreachable' | 'refused' | 'too-large';
  /** The receiver asks to be left alone for so long, or null. */
  readonly retryAfterSeconds: number | null;

  constructor(
    sentence: string,
    {
      kind = 'unreachable',
      retryAfterSeconds = null,
      cause,
    }: {
      readonly kind?: SinkFailure['kind'];
      readonly retryAfterSeconds?: number | null;
      readonly cause?: unknown;
    } = {},
  ) {
    super(sentence, { cause });
    this.name = 'SinkFailure';
    this.kind = kind;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
