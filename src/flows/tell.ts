/** Telling a person by mail what happened to their account. */

import type { MailKind } from '../core/mail-kinds.ts';
import type { EpochMs } from '../core/time.ts';
import type { NewMail, Stores, User } from '../stores/types.ts';
import type { FlowContext } from './flow-context.ts';

/** What happened, and what of it the person should read. Never a secret, code or password. */
export interface News {
  readonly kind: MailKind;
  readonly at: EpochMs;
  readonly details?: NewMail['details'];
}

/**
 * Writes the mail down, in the transaction of what it tells: it is sent once that is done, and
 * only then. Nothing is written where mail is not configured or the person has no address.
 */
export async function tell(
  ctx: Pick<FlowContext, 'config'>,
  stores: Stores,
  person: Pick<User, 'id' | 'email'>,
  { kind, at, details = {} }: News,
): Promise<void> {
  if (ctx.config.current().mail === null || person.email === null) return;
  await stores.outbox.add({
    userId: person.id,
    to: person.email,
    kind,
    details,
    createdAt: at,
  });
}
