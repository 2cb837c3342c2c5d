/** A log that nobody reads. */

import { createLog, type Logger } from '../../src/platform/log.ts';

/** Writes nothing. */
export const quietLog: Logger = createLog({ level: 'silent', destination: 2 });
