/** What every command has at hand, and the ways in which a command ends early. */

import type { Config, LiveConfig } from '../config/config.ts';
import type { EvidenceParts } from '../flows/evidence/run/run.ts';
import type { FlowContext } from '../flows/flow-context.ts';
import type { ConfigurationNews } from '../flows/operating/note-configuration.ts';
import type { SteadyClock } from '../platform/clock.ts';
import type { KeyRing } from '../platform/key-ring.ts';
import type { Logger } from '../platform/log.ts';
import type { Database } from '../stores/types.ts';
import type { Terminal } from './terminal.ts';

/** A gateway that accepts connections. */
export interface RunningGateway {
  /** Where people reach the public listener: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The management listener, or null. */
  readonly management: string | null;
  /** Writes into the audit trail by which configuration it goes; never rejects. */
  noteConfiguration(news: ConfigurationNews): Promise<void>;
  /** Finishes what is under way and closes everything. */
  drain(): Promise<void>;
}

/** The stores, open for administration. */
export interface Administration {
  readonly flows: FlowContext;
  /** The encryption keys that `flows.sealer` seals with. */
  readonly keys: KeyRing;
  readonly database: Pick<Database, 'alone'>;
  close(): Promise<void>;
}

/** How the stores are opened. */
export interface AdministrationOptions {
  /** `long`: the command touches every row, and statements take as long as they take. */
  readonly work?: 'short' | 'long';
  /** `any`: the encryption key need not be the one that the database is sealed under. */
  readonly keyCheck?: 'must-fit' | 'any';
}

/** What commands do with the program's parts; `compose.ts` puts them together. */
export interface Tools {
  startGateway(
    live: LiveConfig,
    surroundings: { readonly log: Logger; readonly clock: SteadyClock },
  ): Promise<RunningGateway>;
  openForAdministration(config: Config, options?: AdministrationOptions): Promise<Administration>;
  /** The stores, and what a run of evidence needs beside them. Nothing of its log is printed. */
  openForEvidence(config: Config): Promise<{
    readonly flows: FlowContext;
    readonly parts: EvidenceParts;
    close(): Promise<void>;
  }>;
  /** Brings the database to this version's schema. */
  migrate(config: Config): Promise<void>;
}

/** How a command ended: 0 well, 1 with an error, 2 typed wrongly, 3 with a no for an answer. */
export type ExitCode = 0 | 1 | 2 | 3;

/** What every command has at hand. */
export interface Cli {
  readonly terminal: Terminal;
  readonly tools: Tools;
  readonly clock: SteadyClock;
}

/** The command cannot be carried out; the lines say why. Exit code 1. */
export class CommandFailure extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.name = 'CommandFailure';
    this.lines = lines;
  }
}

/** The command was typed wrongly. Exit code 2, one line that ends in what to type instead. */
export class UsageError extends Error {
  /** What to type, when it is more particular than the command's own usage. */
  readonly instead: string | null;

  constructor(message: string, instead: string | null = null) {
    super(message);
    this.name = 'UsageError';
    this.instead = instead;
  }
}
