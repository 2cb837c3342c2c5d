/**
 * Sends the mail that waits in the outbox: away from everything that people wait for.
 *
 * A mail is taken by one instance at a time, for as long as a lease lasts. It is removed after the
 * server has taken it, so that a process killed in between sends it once more and never not at all.
 */

import type { MailKind } from '../core/mail-kinds.ts';
import { addSeconds } from '../core/time.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { OutboxStore, WaitingMail } from '../stores/types.ts';
import type { ComposedMail } from './compose-mail.ts';
import { failureOf, overallMilliseconds, sendLetter, type MailServer } from './smtp.ts';

/** What became of a try. */
export type MailOutcome = 'sent' | 'postponed' | 'given-up';

/** What the sender works with. */
export interface OutboxSenderParts {
  readonly outbox: OutboxStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** The mail server in force; null: nothing is sent, what waits goes on waiting. */
  readonly server: () => MailServer | null;
  readonly write: (mail: WaitingMail) => ComposedMail;
  /** Our own host, for message ids. */
  readonly host: () => string;
  /** For metrics. */
  readonly count: (kind: MailKind, outcome: MailOutcome) => void;
}

/** A sender that runs. */
export interface OutboxSender {
  /** Mail was written: look soon. */
  nudge(): void;
  /** Takes no more mail and waits for what is under way, though not for long. */
  stop(hurry: AbortSignal): Promise<void>;
}

/** How often it looks by itself. */
const pollMilliseconds = 3000;

/** How long after a nudge: the transaction in which mail was written should be done by then. */
const nudgeMilliseconds = 250;

/** So many mails are under way at once: one that takes long does not keep the others waiting. */
const atOnceMax = 4;

/** Longer than any try may take. */
const leaseSeconds = (2 * overallMilliseconds) / 1000;

/** The first and the longest time between two tries; each time is twice the one before. */
const postponedSeconds = { first: 30, longest: 3600 } as const;

const givenUpAfterSeconds = 3 * 24 * 3600;

/** What is refused for good is tried again twice: some servers say so to strangers at first. */
const refusalsMax = 3;

/** How long an end waits for mail that is under way. */
const graceMilliseconds = 5000;

/** Starts sending. Nothing that it does fails its caller. */
export function startOutboxSender(parts: OutboxSenderParts): OutboxSender {
  const { log } = parts;
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  let looking: Promise<void> | null = null;
  let soon: NodeJS.Timeout | null = null;
  let isStopped = false;
  let isFailing = false;

  function look(): void {
    if (isStopped || looking !== null) return;
    looking = beginWhatIsDue()
      .catch(storeFailed)
      .finally(() => {
        looking = null;
      });
  }

  function lookSoon(): void {
    if (isStopped || soon !== null) return;
    soon = setTimeout(() => {
      soon = null;
      look();
    }, nudgeMilliseconds);
    soon.unref();
  }

  async function beginWhatIsDue(): Promise<void> {
    const server = parts.server();
    const limit = atOnceMax - underWay.size;
    if (server === null || limit === 0) return;
    const mails = await takeDue(parts, limit);
    isFailing = false;
    for (const mail of mails) {
      const delivery = deliver(parts, server, mail, stopping.signal)
        .catch(storeFailed)
        .finally(() => {
          underWay.delete(delivery);
          lookSoon();
        });
      underWay.add(delivery);
    }
  }

  function storeFailed(error: unknown): void {
    // Said once, not every three seconds for as long as a store is away.
    if (!isFailing) log.warn({ err: error }, 'the outbox does not answer');
    isFailing = true;
  }

  const polling = setInterval(look, pollMilliseconds);
  polling.unref();
  look();
  return {
    nudge: lookSoon,
    async stop(hurry) {
      isStopped = true;
      clearInterval(polling);
      if (soon !== null) clearTimeout(soon);
      const grace = setTimeout(() => stopping.abort(), graceMilliseconds);
      hurry.addEventListener('abort', () => stopping.abort(), { once: true });
      if (hurry.aborted) stopping.abort();
      await looking;
      await Promise.all(underWay);
      clearTimeout(grace);
    },
  };
}

async function takeDue(
  { outbox, clock }: OutboxSenderParts,
  limit: number,
): Promise<readonly WaitingMail[]> {
  // Taking writes, and mostly there is nothing to take.
  if ((await outbox.count()) === 0) return [];
  const now = clock.now();
  return outbox.take({ now, leaseUntil: addSeconds(now, leaseSeconds), limit });
}

async function deliver(
  parts: OutboxSenderParts,
  server: MailServer,
  mail: WaitingMail,
  signal: AbortSignal,
): Promise<void> {
  const { outbox, clock, log } = parts;
  try {
    const letter = {
      ...parts.write(mail),
      to: mail.to,
      messageId: `<mail.${String(mail.id)}.${String(mail.createdAt)}@${parts.host()}>`,
      date: clock.now(),
    };
    await sendLetter(server, letter, signal);
  } catch (error) {
    await retryLater(parts, mail, error);
    return;
  }
  await outbox.remove(mail.id);
  parts.count(mail.kind, 'sent');
  log.debug({ mail: mail.id, kind: mail.kind, userId: mail.userId }, 'mail sent');
}

async function retryLater(
  { outbox, clock, log, count }: OutboxSenderParts,
  mail: WaitingMail,
  error: unknown,
): Promise<void> {
  const now = clock.now();
  const { isPermanent, ...why } = failureOf(error);
  const { id, kind, userId } = mail;
  const facts = { mail: id, kind, userId, tries: mail.tries + 1, ...why };
  const isHopeless = isPermanent && mail.tries + 1 >= refusalsMax;
  if (isHopeless || now >= addSeconds(mail.createdAt, givenUpAfterSeconds)) {
    await outbox.remove(id);
    count(kind, 'given-up');
    log.error(facts, 'mail given up');
    return;
  }
  const { first, longest } = postponedSeconds;
  // Sixteen doublings are beyond any longest time, and no number grows without bound.
  const seconds = Math.min(longest, first * 2 ** Math.min(mail.tries, 16));
  await outbox.postpone(id, addSeconds(now, seconds));
  count(kind, 'postponed');
  log.warn({ ...facts, againInSeconds: seconds }, 'mail could not be sent');
}
