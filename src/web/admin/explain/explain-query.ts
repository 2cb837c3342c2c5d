/** What the address of the explainer asks for. */

import type { SessionFacts } from '../../../core/facts.ts';
import type { SessionKey } from '../../../core/ids.ts';
import {
  type AskedAccess,
  type EventAsQuestion,
  questionOfEvent,
  sessionsToExplain,
} from '../../../flows/admin/explain-access.ts';
import type { Session } from '../../../stores/types.ts';
import type { Exchange } from '../../exchange.ts';
import { administratorOf } from '../administrator.ts';

/** The fields of the form, by their names in the address. */
export const explainFields = [
  'method',
  'url',
  'person',
  'groups',
  'ip',
  'proved',
  'proofs',
] as const;

/** A field of the form. */
export type ExplainField = (typeof explainFields)[number];

/** A question as it stands in an address. */
export interface ExplainQuery {
  /** As the form shows it. */
  readonly written: Readonly<Record<ExplainField, string>>;
  /** Null: nothing is asked. */
  readonly asked: AskedAccess | null;
  /** The event that it began with; null: it began with none. */
  readonly event: EventAsQuestion | null;
  /** Live sessions of the person who was named. */
  readonly sessions: readonly Session[];
}

const sessionPrefix = 'session:';

/** What the field "proved" holds for a session. */
export function provedInSession({ key }: Session): string {
  return sessionPrefix + key;
}

/** Reads the question out of an address, or out of the event that it names. */
export async function explainQueryIn(exchange: Exchange<SessionFacts>): Promise<ExplainQuery> {
  const { query, parts } = exchange;
  const admin = administratorOf(exchange);
  const written = writtenIn(query);
  const id = query.get('event');
  const event =
    id === null || written.url !== '' ? null : await questionOfEvent(parts.flows, admin, id);
  const filled = event?.ok === true ? filledIn(event.asked) : written;
  const sessions =
    filled.person === '' ? [] : await sessionsToExplain(parts.flows, admin, filled.person);
  // The session that the event happened in says more than any supposition, while it lasts.
  const own = sessions.find(({ key }) => event?.ok === true && key === event.event.session);
  const settled = own === undefined ? filled : { ...filled, proved: provedInSession(own) };
  return {
    written: settled,
    asked: settled.url === '' ? null : askedBy(settled),
    event,
    sessions,
  };
}

function writtenIn(query: URLSearchParams): ExplainQuery['written'] {
  return Object.fromEntries(
    explainFields.map((field) => [field, (query.get(field) ?? '').trim()]),
  ) as Record<ExplainField, string>;
}

function filledIn({ method, url, username, ip }: AskedAccess): ExplainQuery['written'] {
  return {
    method,
    url,
    person: username ?? '',
    groups: '',
    ip: ip ?? '',
    proved: '',
    proofs: '',
  };
}

function askedBy(written: ExplainQuery['written']): AskedAccess {
  const { method, url, person, groups, ip, proved, proofs } = written;
  // What is written in words says more than what was picked from the list.
  const isSession = proofs === '' && proved.startsWith(sessionPrefix);
  const supposed = proofs === '' ? proved : proofs;
  return {
    method: method === '' ? 'GET' : method,
    url,
    username: textOrNull(person),
    groups: groups === '' ? null : groups.split(',').map((group) => group.trim()),
    ip: textOrNull(ip),
    proofs: isSession ? null : textOrNull(supposed),
    session: isSession ? (proved.slice(sessionPrefix.length) as SessionKey) : null,
  };
}

function textOrNull(text: string): string | null {
  return text === '' ? null : text;
}
