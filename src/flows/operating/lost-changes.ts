/** What happened after a backup was made, and so is undone where it is restored. */

import type { AuditEvent, AuditEventType } from '../../core/audit-event.ts';
import type { EpochMs } from '../../core/time.ts';

/**
 * What that means. `is-back`: somebody can do what they could not any more, so it is dangerous.
 * `is-gone`: somebody cannot do what they could, or what was set is not.
 */
export type Loss = 'is-back' | 'is-gone';

/** One change that is undone. */
export interface LostChange {
  readonly at: EpochMs;
  readonly type: AuditEventType;
  readonly loss: Loss;
  /** Whom it was about: a username where the event has one, else an id; null: nobody. */
  readonly whom: string | null;
  readonly actor: string;
}

const losses: Partial<Readonly<Record<AuditEventType, Loss>>> = {
  'recovery-code.used': 'is-back',
  'recovery-codes.confirmed': 'is-back',
  'authenticator.removed': 'is-back',
  'mfa.disabled': 'is-back',
  'reset.executed': 'is-back',
  'user.disabled': 'is-back',
  'user.removed': 'is-back',
  'user.password-changed': 'is-back',
  'user.groups-changed': 'is-back',
  'user.networks-changed': 'is-back',
  'settings.changed': 'is-back',
  'api-key.revoked': 'is-back',
  'authenticator.enrolled': 'is-gone',
  'user.created': 'is-gone',
  'user.imported': 'is-gone',
  'user.changed': 'is-gone',
  'user.enabled': 'is-gone',
  'api-key.created': 'is-gone',
  'tenant.created': 'is-gone',
  'enrollment-link.created': 'is-gone',
  'second-factor.unlocked': 'is-gone',
  'keys.rotated': 'is-gone',
  'keys.dropped': 'is-gone',
};

/** The changes among events, in their order. */
export function lostChanges(events: readonly AuditEvent[]): readonly LostChange[] {
  return events.flatMap((event) => {
    const loss = losses[event.type];
    if (loss === undefined) return [];
    const { username } = event.details;
    const whom = typeof username === 'string' ? username : whomOf(event);
    return [{ at: event.at, type: event.type, loss, whom, actor: event.actor }];
  });
}

/** Whoever does something to their own account is named as the actor. */
function whomOf({ subject, actor, session }: AuditEvent): string | null {
  return session !== null && subject !== null ? actor : subject;
}
