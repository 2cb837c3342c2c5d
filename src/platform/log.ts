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
export type OperatorLog = Logger & Pick<PinoLogger, 'level' | 'flush'>;

/** Bytes that wait for a reader that does not read; what comes after them is dropped. */
const waitingBytesMax = 16 * 1024 * 1024;

/** Makes the log. `destination` is a file descriptor; 1 is standard output. */
export function createLog(options: {
  readonly level: string;
  readonly destination: number;
}): OperatorLog {
  const destination = pino.destination({
    dest: options.destination,
    sync: false,
    maxLength: waitingBytesMax,
  });
  // A log that nobody reads, or a full disk, must not end the program.
  destination.on('error', () => undefined);
  return pino(
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
    destination,
  );
}
