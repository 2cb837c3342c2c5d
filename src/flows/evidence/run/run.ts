/**
 * One run: what its checks are handed, kept apart from everybody else's.
 *
 * The flows, methods and stores are those of the installation. What a run must not do to others is
 * taken out: it counts towards no limit and no metric, sends no mail, and its events are marked.
 */

import { AsyncLocalStorage } from 'node:async_hooks';

import type { Config } from '../../../config/config.ts';
import { evidenceTenantAt, evidenceTenantBytes } from '../../../core/evidence-tenant.ts';
import { idBytes, idFrom, type EvidenceId, type TenantId } from '../../../core/ids.ts';
import { addSeconds, type EpochMs } from '../../../core/time.ts';
import type { Limits } from '../../../stores/types.ts';
import type { FlowContext, Visit } from '../../flow-context.ts';
import type { TokenContext } from '../../tokens/issue-token.ts';
import { heardLines, type HeardLines } from './heard-lines.ts';
import { keepSecrets, type KeptSecrets } from './kept-secrets.ts';
import { markedStores } from './marked-stores.ts';
import { patientPasswords } from './patient-passwords.ts';
import type { ThrowAway } from './person.ts';
import { RunStopped } from './verifying.ts';

/** What a run needs beside the flows. */
export interface EvidenceParts {
  /** The program's own version. */
  readonly version: string;
  /** The clock on the wall, which authenticator apps go by. */
  readonly wallNow: () => EpochMs;
  /** Waits, for the next code of an app; not to the end when the signal says so. */
  readonly pause: (seconds: number, signal: AbortSignal | null) => Promise<void>;
  /** Signs tokens, as the API does. */
  readonly signer: TokenContext['signer'];
  /** Tells of every line that this process's log writes, until the answer is called. */
  readonly tapLog: (listener: (line: string) => void) => () => void;
}

/** One run. */
export interface Run {
  readonly id: EvidenceId;
  /** Who asked for it. */
  readonly by: string;
  readonly ctx: FlowContext;
  /** The configuration in force when it began. */
  readonly config: Config;
  readonly parts: EvidenceParts;
  readonly tenant: TenantId;
  readonly startedAt: EpochMs;
  readonly secrets: KeptSecrets;
  /** Whoever was made and not removed yet. */
  readonly people: Set<ThrowAway>;
  /** Everybody who was ever made. */
  readonly everybody: ThrowAway[];
  /** The log since the run began. */
  readonly lines: HeardLines;
  /** Texts of the database about this run, by `table.column`. */
  readonly texts: Map<string, Set<string>>;
  /** Throws `RunStopped` when the run was told to end or took too long. */
  goOn(): void;
  /** Waits, or throws `RunStopped` as `goOn` does. */
  pause(seconds: number): Promise<void>;
  /** A request of nobody's browser. */
  visit(): Visit;
}

/** The longest that a run may take: whatever is older than twice that was left behind. */
export const runSecondsMax = 1500;

/** Nobody's requests are counted: the limits are for addresses of people. */
const noLimits: Limits = {
  password: () => Promise.resolve({ ok: true }),
  passwordSucceeded: () => Promise.resolve(),
  request: () => Promise.resolve({ ok: true }),
  newRecoveryCodes: () => Promise.resolve({ ok: true }),
};

const runs = new AsyncLocalStorage<EvidenceId>();

/** Begins a run and does the work in it; whatever the work logs is known to be the run's own. */
export async function inRun<Value>(
  outer: FlowContext,
  parts: EvidenceParts,
  { by, signal }: { readonly by: string; readonly signal?: AbortSignal },
  work: (run: Run) => Promise<Value>,
): Promise<Value> {
  const id = idFrom('evidence', outer.random.bytes(idBytes));
  const startedAt = outer.clock.now();
  const config = outer.config.current();
  const goOn = (): void => {
    if (signal?.aborted === true) throw new RunStopped('The run was told to end.');
    if (outer.clock.now() > addSeconds(startedAt, runSecondsMax)) {
      throw new RunStopped('The run took too long.');
    }
  };
  const pause = async (seconds: number): Promise<void> => {
    await parts.pause(seconds, signal ?? null);
    goOn();
  };
  const secrets = keepSecrets();
  const lines = heardLines(secrets);
  const run: Run = {
    id,
    by,
    parts,
    config,
    startedAt,
    ctx: {
      ...outer,
      config: { current: () => config },
      stores: markedStores(outer.stores, id),
      passwords: patientPasswords(outer.passwords, pause),
      limits: noLimits,
      count: () => undefined,
      mailWritten: () => undefined,
    },
    tenant: evidenceTenantAt(startedAt, outer.random.bytes(evidenceTenantBytes)),
    secrets,
    people: new Set(),
    everybody: [],
    lines,
    texts: new Map(),
    goOn,
    pause,
    visit: () => ({
      ip: '127.0.0.1',
      userAgent: `Sallyport evidence ${id}`,
      requestId: idFrom('request', outer.random.bytes(idBytes)),
      deviceKey: null,
    }),
  };
  const untap = parts.tapLog((text) => {
    lines.hear(text, runs.getStore() === id ? 'own' : 'others');
  });
  try {
    return await runs.run(id, () => work(run));
  } finally {
    untap();
  }
}
