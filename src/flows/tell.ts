/** Telling a person by mail what happened to their account. */

import { hash } from 'node:crypto';

import { deviceName } from '../core/device-name.ts';
import type { MailKind } from '../core/mail-kinds.ts';
import { addSeconds, type EpochMs } from '../core/time.ts';
import type { NewMail, Stores, User } from '../stores/types.ts';
import type { FlowContext, Visit } from './flow-context.ts';

/** What happened, and what of it the person should read. Never a secret, code or password. */
export interface News {
  readonly kind: MailKind;
  readonly at: EpochMs;
  /** Where it came from: the mail names browser and address. Leave out what an operator did. */
  readonly visit?: Visit;
  /**
   * What the words of the kind speak of: `name` of an authenticator, `place`, `codesLeft`,
   * `until` (an instant), `username` where the mail is about somebody else.
   */
  readonly details?: NewMail['details'];
}

/** Whom a mail is for. */
export type Addressee = Pick<User, 'id' | 'username' | 'email'>;

/**
 * Writes the mail down, in the transaction of what it tells: it is sent once that is done, and
 * only then, to the address of this moment. Nothing is written where mail is not configured or
 * the person has no address.
 */
export async function tell(
  ctx: Pick<FlowContext, 'config' | 'mailWritten'>,
  stores: Stores,
  person: Addressee,
  { kind, at, visit, details }: News,
): Promise<void> {
  if (ctx.config.current().mail === null || person.email === null) return;
  const where =
    visit === undefined ? {} : { device: deviceName(visit.userAgent) ?? '', ip: visit.ip };
  await stores.outbox.add({
    userId: person.id,
    to: person.email,
    kind,
    details: { username: person.username, ...where, ...details },
    createdAt: at,
  });
  ctx.mailWritten?.();
}

/** What a stranger can cause again and again: how often it is told in each hour of the clock. */
const timesAnHour = {
  'second-factor-failed': 1,
  'second-factor-locked': 1,
  'new-device': 3,
  'new-location': 3,
} as const satisfies Partial<Record<MailKind, number>>;

const hourSeconds = 3600;

/**
 * Tells of what somebody who knows a password, or nothing, can bring about at will, a few times in
 * each hour: they could fill the owner's mailbox otherwise. The audit log has all of it.
 */
export async function tellSparingly(
  ctx: Pick<FlowContext, 'config' | 'mailWritten'>,
  stores: Stores,
  person: Addressee,
  news: News & { readonly kind: keyof typeof timesAnHour },
): Promise<void> {
  if (ctx.config.current().mail === null || person.email === null) return;
  const hour = Math.floor(news.at / (hourSeconds * 1000));
  const expiresAt = addSeconds(hour * hourSeconds * 1000, hourSeconds);
  for (let time = 1; time <= timesAnHour[news.kind]; time += 1) {
    // Used up like a challenge: by one statement, over all instances, and gone after its hour.
    const once = `mail ${news.kind} ${person.id} ${String(hour)} ${String(time)}`;
    if (await stores.usedChallenges.consume(hash('sha256', once), expiresAt)) {
      await tell(ctx, stores, person, news);
      return;
    }
  }
}
