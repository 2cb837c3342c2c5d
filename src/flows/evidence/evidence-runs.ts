/**
 * Runs that are asked for on the pages: one at a time at this instance, beside the requests, since
 * one may take longer than anybody waits for a page.
 */

import { StoreUnavailable } from '../../stores/types.ts';
import { Problem } from '../../core/problem.ts';
import type { EpochMs } from '../../core/time.ts';
import { type Administrator, holdAdministrator, isOfInstallation } from '../admin/administrator.ts';
import type { FlowContext } from '../flow-context.ts';
import { collectEvidence } from './collect-evidence.ts';
import type { EvidenceReport } from './report.ts';
import type { EvidenceParts } from './run/run.ts';
import { RunStopped } from './run/verifying.ts';

/** What becomes of a run, for the page. */
export interface RunState {
  /** The run that is under way here; null: none is. */
  readonly running: { readonly by: string; readonly since: EpochMs } | null;
  /** Why the last run came to no report; null: it did, or there was none. */
  readonly failure: { readonly at: EpochMs; readonly why: 'stopped' | 'store' | 'other' } | null;
}

/** The runs of this instance. */
export interface EvidenceRuns {
  state(): RunState;
  /**
   * Begins a run, and says what comes of it; the run that is under way already, if there is one.
   * Throws as `holdAdministrator` does for `manage`, and the problem `not-found` for whoever
   * administers another tenant than the installation's own.
   */
  start(admin: Administrator): Promise<{ readonly done: Promise<EvidenceReport | null> }>;
  /** Ends a run that is under way; resolves when it has cleared away after itself. */
  stop(): Promise<void>;
}

/** Begins with none. */
export function evidenceRuns(ctx: FlowContext, parts: EvidenceParts): EvidenceRuns {
  let running: (RunState['running'] & { readonly done: Promise<EvidenceReport | null> }) | null =
    null;
  let failure: RunState['failure'] = null;
  let stopping = new AbortController();

  const run = async (admin: Administrator, signal: AbortSignal): Promise<EvidenceReport | null> => {
    try {
      failure = null;
      return await collectEvidence(ctx, parts, { by: admin, signal });
    } catch (error) {
      ctx.log.warn({ err: error }, 'evidence: a run came to no report');
      failure = { at: ctx.clock.now(), why: reasonOf(error) };
      return null;
    } finally {
      running = null;
    }
  };

  return {
    state: () => ({
      running: running === null ? null : { by: running.by, since: running.since },
      failure,
    }),

    async start(admin) {
      if (!isOfInstallation(admin)) throw new Problem('not-found');
      await ctx.stores.transaction((stores) => holdAdministrator(ctx, stores, admin, 'manage'));
      if (running === null) {
        const by = admin.session.principal.username;
        stopping = new AbortController();
        running = { by, since: ctx.clock.now(), done: run(admin, stopping.signal) };
      }
      return { done: running.done };
    },

    async stop() {
      stopping.abort();
      await running?.done;
    },
  };
}

function reasonOf(error: unknown): 'stopped' | 'store' | 'other' {
  if (error instanceof RunStopped) return 'stopped';
  return error instanceof StoreUnavailable ? 'store' : 'other';
}
