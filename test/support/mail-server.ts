/** A real mail server that keeps what it takes, and refuses or falls silent when a test says so. */

import { once } from 'node:events';
import type net from 'node:net';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

import { readMail, type ReadMail } from '../../src/demo/read-mail.ts';
import type { MailServer } from '../../src/notify/smtp.ts';

/** A mail that arrived. */
export interface TakenMail extends ReadMail {
  readonly to: readonly string[];
  readonly from: string;
  readonly raw: string;
  readonly wasEncrypted: boolean;
}

/** What the server does with mail. A number is a reply code it refuses with. */
export type MailManners = 'takes' | 'says-nothing' | { readonly refuses: number };

/** A mail server that listens. */
export interface TestMailServer {
  readonly port: number;
  /** In the order of arrival. */
  readonly taken: readonly TakenMail[];
  /** How often somebody began to hand something in. */
  readonly recipientsOffered: () => number;
  /** The settings that reach it. */
  readonly settings: (changes?: Partial<MailServer>) => MailServer;
  behave(manners: MailManners): void;
  /** Resolves once so many mails were taken. */
  untilTaken(count: number): Promise<readonly TakenMail[]>;
  /** Resolves once so many recipients were offered, whatever became of them. */
  untilOffered(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts one on a loopback address, without TLS and accounts unless the options have them. */
export async function startMailServer(
  options: SMTPServerOptions & { readonly port?: number } = {},
): Promise<TestMailServer> {
  const { port: wanted = 0, ...rest } = options;
  const taken: TakenMail[] = [];
  const listeners = new Set<() => void>();
  let manners: MailManners = 'takes';
  let offered = 0;
  const changed = (): void => {
    for (const listener of listeners) listener();
  };

  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 1,
    logger: false,
    onRcptTo(_address, _session, done) {
      offered += 1;
      changed();
      if (manners === 'takes') done();
      else if (manners !== 'says-nothing') {
        done(Object.assign(new Error('not today'), { responseCode: manners.refuses }));
      }
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString('utf8');
        const { mailFrom, rcptTo } = session.envelope;
        taken.push({
          ...readMail(raw),
          to: rcptTo.map(({ address }) => address),
          from: mailFrom === false ? '' : mailFrom.address,
          raw,
          wasEncrypted: session.secure,
        });
        done();
        changed();
      });
    },
    ...rest,
  });
  server.on('error', () => undefined);
  const listener: net.Server = server.listen(wanted, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;

  const until = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!isSo()) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
    });

  return {
    port,
    taken,
    recipientsOffered: () => offered,
    settings: (changes = {}) => ({
      host: '127.0.0.1',
      port,
      isImplicitTls: false,
      isTlsRequired: false,
      username: null,
      password: null,
      from: 'Example Corp <security@example.com>',
      ...changes,
    }),
    behave(changedManners) {
      manners = changedManners;
    },
    async untilTaken(count) {
      await until(() => taken.length >= count);
      return taken;
    },
    untilOffered: (count) => until(() => offered >= count),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}
