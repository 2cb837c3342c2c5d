/** A sender at work over a database of its own, and what became of each try. */

import path from 'node:path';

import { idFrom, defaultTenant, type UserId } from '../../src/core/ids.ts';
import type { MailKind } from '../../src/core/mail-kinds.ts';
import { composeMail } from '../../src/notify/compose-mail.ts';
import { startOutboxSender, type OutboxSender } from '../../src/notify/outbox-sender.ts';
import type { MailServer } from '../../src/notify/smtp.ts';
import type { Clock } from '../../src/platform/clock.ts';
import type { Logger } from '../../src/platform/log.ts';
import type { Stores } from '../../src/stores/types.ts';
import { loadWords } from '../../src/web/words.ts';
import { NOON } from './fixed-clock.ts';
import { quietLog } from './quiet-log.ts';
import { projectFolder } from './source-files.ts';

const words = loadWords(path.join(projectFolder, 'views/words'), 'en');

/** A sender that runs, with its history. */
export interface SenderAtWork extends OutboxSender {
  /** `new-device sent`, in the order it happened. */
  readonly outcomes: readonly string[];
  /** Resolves once so many tries have come out. */
  untilOutcomes(count: number): Promise<readonly string[]>;
}

/** Starts a sender on an outbox. */
export function senderAtWork(options: {
  readonly outbox: Stores['outbox'];
  readonly clock: Clock;
  readonly server: () => MailServer | null;
  readonly log?: Logger;
}): SenderAtWork {
  const outcomes: string[] = [];
  const listeners = new Set<() => void>();
  const { log = quietLog, ...rest } = options;
  const sender = startOutboxSender({
    ...rest,
    log,
    host: () => 'console.example.com',
    write: (mail) =>
      composeMail(mail, {
        issuer: 'Example Corp',
        accountUrl: 'https://console.example.com/_mfa/account',
        resetsUrl: 'https://console.example.com/_mfa/admin/resets',
        words,
        instant: (at) => new Date(at).toISOString(),
      }),
    count: (kind, outcome) => {
      outcomes.push(`${kind} ${outcome}`);
      for (const listener of listeners) listener();
    },
  });
  return {
    ...sender,
    outcomes,
    untilOutcomes: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (outcomes.length < count) return;
          listeners.delete(look);
          resolve(outcomes);
        };
        listeners.add(look);
        look();
      }),
  };
}

/** Makes somebody to whom mail is written. */
export async function anAddressee(stores: Stores, username = 'anna'): Promise<UserId> {
  const { id } = await stores.users.create({
    id: idFrom('user', Buffer.from(username.padEnd(16))),
    kind: 'user',
    username,
    displayName: username,
    email: `${username}@corp.example`,
    groups: [],
    tenant: defaultTenant,
    networks: [],
    passwordHash: null,
    createdAt: NOON,
  });
  return id;
}

/** Writes a mail down, to be sent at once. */
export async function writeMail(
  stores: Stores,
  userId: UserId,
  { kind = 'new-device', to = 'anna@corp.example' }: { kind?: MailKind; to?: string } = {},
): Promise<void> {
  const details = { username: 'anna', device: 'Firefox on Linux', ip: '10.20.0.7' };
  await stores.outbox.add({ userId, to, kind, details, createdAt: NOON });
}

/** A signal that nobody gives. */
export const noHurry: AbortSignal = new AbortController().signal;
