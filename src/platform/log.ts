/** The log for operators: JSON lines on standard output. Secrets cannot be printed (secret.ts). */

import { pino, type Logger as PinoLogger } from 'pino';

/** Writes JSON lines; the second argument of each method is the message. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

/** Names that are blanked wherever they stand at the first or second level of a log object. */
const secretNames = [
  'password',
  'code',
  'recovery_code',
  'secret',
  'token',
  'csrf',
  'cookie',
  'authorization',
  'set-cookie',
  'x-sallyport-assertion',
];

/** The log of the whole program; its level can change while it runs. */
export type OperatorLog = Logger & Pick<PinoLogger, 'level' | 'flush'> & TappedLog;

/** A log that can be listened to. */
export interface TappedLog {
  /**
   * Tells of every line from now on, as it is written and in the same turn as the call that writes
   * it, until the answer is called.
   */
  tap(listener: (line: string) => void): () => void;
}

/** Bytes that wait for a reader that does not read; what comes after them is dropped. */
const waitingBytesMax = 16 * 1024 * 1024;

/**
 * Makes the log. `destination` is a file descriptor; 1 is standard output. Lines below `writesFrom`
 * are for listeners only.
 */
export function createLog(options: {
  readonly level: string;
  readonly destination: number;
  readonly writesFrom?: 'warn' | 'error';
}): OperatorLog {
  const destination = pino.destination({
    dest: options.destination,
    sync: false,
    maxLength: waitingBytesMax,
  });
  // A log that nobody reads, or a full disk, must not end the program.
  destination.on('error', () => undefined);
  const listeners = new Set<(line: string) => void>();
  const written = options.writesFrom === undefined ? null : pino.levels.values[options.writesFrom];
  const stream = {
    // Asks pino to say of each line, before it is written, what level it has.
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string) {
      for (const listener of listeners) listener(line);
      if (this.lastLevel >= (written ?? 0)) destination.write(line);
    },
    flush: (done?: (error?: Error) => void) => {
      destination.flush(done);
    },
  };
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: secretNames.flatMap((name) => [`["${name}"]`, `*["${name}"]`]),
        censor: '[secret]',
      },
    },
    stream,
  );
  return Object.assign(log, {
    tap(listener: (line: string) => void) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  });
}
