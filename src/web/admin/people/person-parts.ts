/** The parts of somebody's story: sessions, browsers, events, resets. */

import { deviceName } from '../../../core/device-name.ts';
import type { SessionFacts } from '../../../core/facts.ts';
import { isAbove } from '../../../core/policy/administration.ts';
import type { PersonStory } from '../../../flows/admin/find-people.ts';
import type { Session, User } from '../../../stores/types.ts';
import type { Exchange } from '../../exchange.ts';
import { mayDo } from '../administrator.ts';
import { zonedTime } from '../../zoned-time.ts';
import { namesIn } from '../audit/audit-rows.ts';
import { eventOrigin, eventSentence, severityBadge } from '../audit/audit-words.ts';
import type { Badge, Confirmation, TimelineEntry } from '../blocks.ts';
import { momentsOf } from '../moment.ts';
import type { AdminUserPage } from './people-views.ts';
import { addressInWords, personPath, proofsInWords } from './person-words.ts';

/** Where somebody is signed in. */
export function sessionsOf(
  exchange: Exchange<SessionFacts>,
  { user, sessions }: PersonStory,
  canEnd: boolean,
): AdminUserPage['sessions'] {
  const momentOf = momentsOf(exchange);
  return sessions
    .toSorted((one, other) => other.lastSeenAt - one.lastSeenAt)
    .map((session) => ({
      device: deviceInWords(exchange, session),
      address: addressInWords(exchange, session.ip),
      proofs: proofsInWords(exchange, session.proofs),
      seen: momentOf(session.lastSeenAt),
      end: canEnd
        ? endConfirmation(exchange, session, { path: personPath(user.id), name: user.displayName })
        : null,
    }));
}

/** "Firefox on Linux" */
export function deviceInWords(
  { parts }: Pick<Exchange, 'parts'>,
  { userAgent }: Pick<Session, 'userAgent'>,
): string {
  return deviceName(userAgent) ?? parts.renderer.words.say('account.unknown-device');
}

/** Whether to offer a change: nobody changes themselves here, nor anybody above them. */
export function mayChange(
  exchange: Exchange<SessionFacts>,
  user: Pick<User, 'id' | 'groups'>,
): boolean {
  const { principal } = exchange.session;
  return (
    mayDo(exchange, 'manage') &&
    user.id !== principal.id &&
    !isAbove(user, principal, exchange.config.policy.tiers)
  );
}

/** The button that ends one session. */
export function endConfirmation(
  exchange: Pick<Exchange, 'parts'>,
  session: Pick<Session, 'key' | 'userAgent' | 'ip'>,
  { path, name }: { readonly path: string; readonly name: string },
): Confirmation {
  const { say } = exchange.parts.renderer.words;
  const device = deviceInWords(exchange, session);
  return {
    path,
    action: 'end-session',
    fields: { session: session.key },
    label: say('admin.end-session'),
    spoken: say('admin.end-session.whose', { name, device, ip: session.ip }),
    question: say('admin.end-session.question', { name, device }),
    confirm: say('admin.end-session.confirm'),
    isDangerous: true,
  };
}

/** Browsers that somebody signed in with, seen last first. */
export function devicesOf(exchange: Exchange, { devices }: PersonStory): AdminUserPage['devices'] {
  const { parts, now } = exchange;
  const momentOf = momentsOf(exchange);
  return devices
    .toSorted((one, other) => other.lastSeenAt - one.lastSeenAt)
    .map(({ name, lastIp, lastSeenAt, trust }) => ({
      name: name === '' ? parts.renderer.words.say('account.unknown-device') : name,
      address: addressInWords(exchange, lastIp),
      seen: momentOf(lastSeenAt),
      trusted: trust === null || trust.until <= now ? null : momentOf(trust.until),
    }));
}

/** What happened lately, each with its own page. */
export async function eventsOf(
  exchange: Exchange<SessionFacts>,
  { events }: PersonStory,
): Promise<readonly TimelineEntry[]> {
  const { words } = exchange.parts.renderer;
  const time = zonedTime(exchange.config.portal.timeZone);
  const momentOf = momentsOf(exchange);
  const nameOf = await namesIn(exchange, events);
  return events.map((event) => {
    const { tone, icon } = severityBadge(event.severity, words);
    return {
      icon,
      tone,
      text: eventSentence(event, words, time, nameOf),
      moment: momentOf(event.at),
      note: eventOrigin(event),
      path: `/admin/audit/${event.id}`,
    };
  });
}

const resetLooks = {
  pending: { tone: 'warning', icon: 'clock' },
  approved: { tone: 'accent', icon: 'check' },
  executed: { tone: 'good', icon: 'check' },
  rejected: { tone: 'quiet', icon: 'minus' },
  cancelled: { tone: 'quiet', icon: 'minus' },
  expired: { tone: 'quiet', icon: 'clock' },
} as const;

/** Requests for resets, newest first, each in a sentence of this key. */
export function resetItems(
  exchange: Exchange,
  { resets }: Pick<PersonStory, 'resets'>,
  key: 'admin.person.reset' | 'admin.overview.reset',
): AdminUserPage['resets'] {
  const { say } = exchange.parts.renderer.words;
  const momentOf = momentsOf(exchange);
  return resets.map(({ id, state, requestedByName, ticket, username, createdAt }) => ({
    path: `/admin/resets/${id}`,
    text: say(key, { by: requestedByName, ticket, username }),
    badge: { ...resetLooks[state], label: say(`admin.reset.${state}`) } satisfies Badge,
    at: momentOf(createdAt),
  }));
}
