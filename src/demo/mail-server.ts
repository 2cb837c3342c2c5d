/**
 * The demo's mail server: a real one that takes mail for everybody and keeps it in memory, so that
 * one can see what people would have been told.
 */

import { SMTPServer } from 'smtp-server';
import type { Clock } from '../platform/clock.ts';
import type { EpochMs } from '../core/time.ts';

/** A mail as it arrived. */
export interface ArrivedMail {
  readonly at: EpochMs;
  readonly to: readonly string[];
  /** Headers and body, as they travelled. */
  readonly raw: string;
}

/** A mail server and what it took. */
export interface DemoMailServer {
  readonly server: SMTPServer;
  /** Newest first. */
  readonly mails: readonly ArrivedMail[];
}

/** So many mails are kept. */
const mailsMax = 200;

const mailBytesMax = 256 * 1024;

/** Makes the server; the caller lets it listen, on a loopback address. */
export function createDemoMailServer({ clock }: { readonly clock: Clock }): DemoMailServer {
  const mails: ArrivedMail[] = [];
  const server = new SMTPServer({
    // Nobody else reaches a loopback address, and nobody vouches for a certificate there.
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: mailBytesMax,
    rejectOversized: true,
    closeTimeout: 1000,
    logger: false,
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.unshift({
          at: clock.now(),
          to: envelope.rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString('utf8'),
        });
        mails.length = Math.min(mails.length, mailsMax);
        done();
      });
    },
  });
  // A client that goes away in the middle is no reason to end.
  server.on('error', () => undefined);
  return { server, mails };
}
