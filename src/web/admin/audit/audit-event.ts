/** `/admin/audit/:id`: one event whole, and what happened around it. */

import type { AuditEvent } from '../../../core/audit-event.ts';
import { hashedDocument } from '../../../core/audit-formats.ts';
import type { SessionFacts } from '../../../core/facts.ts';
import { Problem } from '../../../core/problem.ts';
import { type AuditEventFound, findAuditEvent } from '../../../flows/admin/audit-trail.ts';
import { type Answer, type Exchange, showPage } from '../../exchange.ts';
import { zonedTime } from '../../zoned-time.ts';
import { administratorOf } from '../administrator.ts';
import { pathWithParameters } from './audit-query.ts';
import { auditRows, detailFacts, explainPathOf, namesIn } from './audit-rows.ts';
import type { AdminAuditEventPage } from './audit-views.ts';
import { eventSentence, severityBadge } from './audit-words.ts';
import type { Fact } from '../blocks.ts';
import { momentsOf } from '../moment.ts';

/** Shows one event. Of another tenant there is none. */
export async function showAuditEvent(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { config, parts } = exchange;
  const { words } = parts.renderer;
  const admin = administratorOf(exchange);
  const found = await findAuditEvent(parts.flows, admin, exchange.parameter);
  if (found === null) {
    throw new Problem('not-found', { detail: words.say('audit.no-such-event') });
  }
  const { event } = found;
  const nameOf = await namesIn(exchange, [event]);
  return showPage({
    page: 'admin-audit-event',
    sentence: eventSentence(event, words, zonedTime(config.portal.timeZone), nameOf),
    severity: severityBadge(event.severity, words),
    facts: factsOf(exchange, event, nameOf(event)),
    details: detailFacts(exchange, event),
    document: JSON.stringify(hashedDocument(event), null, 2),
    explainPath: explainPathOf(event),
    neighbours: await neighboursOf(exchange, found),
  });
}

function factsOf(
  exchange: Exchange<SessionFacts>,
  event: AuditEvent,
  person: string | null,
): readonly Fact[] {
  const { say } = exchange.parts.renderer.words;
  const { type, at, actor, subject, ip, userAgent, session, requestId } = event;
  const moment = momentsOf(exchange)(at);
  const fact = (name: string, text: string | null, more: Partial<Fact> = {}): readonly Fact[] =>
    text === null ? [] : [{ term: say(`audit.fact.${name}`), text, ...more }];
  return [
    { term: say('audit.fact.at'), text: `${moment.exact},`, moment },
    ...fact('type', type, { path: eventsWith({ type }) }),
    ...fact('actor', actor, { path: eventsWith({ by: actor }) }),
    ...fact('person', subject === null ? null : (person ?? subject), {
      path: `/admin/users/${String(subject)}`,
    }),
    ...fact('ip', ip, { path: eventsWith({ ip }) }),
    ...fact('user-agent', userAgent === '' ? null : userAgent),
    ...fact('session', session, { path: eventsWith({ session }), isCode: true }),
    ...fact('request', requestId, { path: eventsWith({ request: requestId }), isCode: true }),
    ...fact('id', event.id, { isCode: true }),
  ];
}

/** The list of events that have this. */
function eventsWith(parameters: Readonly<Record<string, string | null>>): string {
  return pathWithParameters('/admin/audit', parameters);
}

async function neighboursOf(
  exchange: Exchange<SessionFacts>,
  { event, ofRequest, inSession, aboutPerson }: AuditEventFound,
): Promise<AdminAuditEventPage['neighbours']> {
  const { say } = exchange.parts.renderer.words;
  const shown = [
    { name: 'request', value: event.requestId, events: ofRequest },
    { name: 'session', value: event.session, events: inSession },
    { name: 'person', value: event.subject, events: aboutPerson },
  ].filter(({ events }) => events.length > 0);
  return Promise.all(
    shown.map(async ({ name, value, events }) => ({
      title: say(`audit.neighbours.${name}`),
      path: eventsWith({ [name]: value }),
      rows: await auditRows(exchange, events),
    })),
  );
}
