/** What happened to an account lately, in words for its owner: who sees a stranger can act. */

import type { AuditEvent } from '../../core/audit-event.ts';
import { deviceName } from '../../core/device-name.ts';
import type { SessionFacts } from '../../core/facts.ts';
import type { Exchange } from '../exchange.ts';
import type { AccountPage } from '../views.ts';
import type { ZonedTime } from '../zoned-time.ts';

/** How many events are looked at; those without words are left out. */
const eventsMax = 20;

/** The latest events about the person, newest first. */
export async function activityOf(
  { parts, session }: Exchange<SessionFacts>,
  time: ZonedTime,
): Promise<AccountPage['activity']> {
  const { words } = parts.renderer;
  const events = await parts.flows.stores.audit.listOfSubject(session.principal.id, eventsMax);
  return events
    .filter(({ type }) => words.has(`activity.${type}`))
    .map((event) => ({
      what: whatOf(event, words.say(sentenceFor(event))),
      at: time.full(event.at),
      // Where an administrator was is not for them to know, and would look like a stranger.
      from: event.actor === session.principal.username ? fromOf(event) : null,
    }));
}

// A password is asked for inside a session too, where nobody tries to sign in with it.
function sentenceFor({ type, details }: AuditEvent): string {
  const isInside = type === 'session.sign-in-failed' && details['during'] !== undefined;
  return `activity.${type}${isInside ? '.during' : ''}`;
}

// Names are the person's own; nothing else of the details is meant for them.
function whatOf({ type, details }: AuditEvent, sentence: string): string {
  const { name } = details;
  const isNamed = type.startsWith('authenticator.') && typeof name === 'string';
  return isNamed ? `${sentence}: ${name}` : sentence;
}

function fromOf({ ip, userAgent }: AuditEvent): string | null {
  const known = [userAgent === null ? null : deviceName(userAgent), ip];
  const parts = known.filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(', ');
}
