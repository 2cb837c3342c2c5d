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

/** Makes the log. `destination` is a file descriptor; 1 is standard output. */
export function createLog(options: {
  readonly level: string;
  readonly destination: number;
}): Logger {
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
    pino.destination({ dest: options.destination, sync: false }),
  );
}
