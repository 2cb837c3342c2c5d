/** `/admin/audit`: what happened in the administrator's tenant, newest first. */

import { auditEventTypes, severities } from '../../../core/audit-event.ts';
import { auditFormats } from '../../../core/audit-formats.ts';
import type { SessionFacts } from '../../../core/facts.ts';
import type { AuditEventId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import type { EpochMs } from '../../../core/time.ts';
import { isOfInstallation } from '../../../flows/admin/administrator.ts';
import { type AuditPageFound, browseAudit, verifyAudit } from '../../../flows/admin/audit-trail.ts';
import { type Answer, type Exchange, refuse, showPage } from '../../exchange.ts';
import { writtenTimeOf } from '../../zoned-input.ts';
import { administratorOf } from '../administrator.ts';
import {
  type AuditField,
  type AuditQuery,
  auditQueryIn,
  pathWithParameters,
  subjectOfType,
} from './audit-query.ts';
import { auditRows } from './audit-rows.ts';
import type { AdminAuditPage, AuditLink, ChainResult } from './audit-views.ts';
import type { AdminFieldError, FilterField, Option } from '../blocks.ts';
import { rowsMax } from '../list-page.ts';

const path = '/admin/audit';

/** Shows a page of the trail. A search that cannot be read is shown again, with what is wrong. */
export async function showAudit(exchange: Exchange<SessionFacts>): Promise<Answer> {
  return auditPage(exchange, null);
}

/** Checks the chain, and shows the newest page with how it came out. */
export async function submitAudit(exchange: Exchange<SessionFacts>): Promise<Answer> {
  if (exchange.form.get('action') !== 'verify') {
    throw new Problem('invalid-request', { detail: 'The form names an action we do not know.' });
  }
  const { words } = exchange.parts.renderer;
  const admin = administratorOf(exchange);
  const answer = await verifyAudit(exchange.parts.flows, admin, 'since-checked');
  return auditPage(exchange, {
    isWhole: answer.ok,
    sentence: answer.ok
      ? words.count('audit.chain.whole', answer.events)
      : words.say('audit.chain.broken', { event: answer.brokenAt, why: answer.why }),
  });
}

async function auditPage(
  exchange: Exchange<SessionFacts>,
  chain: ChainResult | null,
): Promise<Answer> {
  const { config, parts } = exchange;
  const { say } = parts.renderer.words;
  const query = auditQueryIn(exchange);
  const admin = administratorOf(exchange);
  const found: AuditPageFound =
    query.unreadable.length > 0
      ? { ok: true, events: [], hasNewer: false, hasOlder: false }
      : await browseAudit(parts.flows, admin, query.search, placeAsked(exchange));
  const errors = errorsOf(exchange, query, found);
  const events = found.ok ? found.events : [];
  const page: AdminAuditPage = {
    page: 'admin-audit',
    timeZone: config.portal.timeZone,
    filter: { path, fields: fieldsOf(exchange, query), isActive: query.isActive },
    periods: periodsOf(exchange, query),
    rows: await auditRows(exchange, events),
    empty:
      events.length > 0 || errors.length > 0
        ? null
        : {
            title: say(query.isActive ? 'audit.none-found' : 'audit.none'),
            text: say(query.isActive ? 'audit.none-found.text' : 'audit.none.text'),
            action: query.isActive ? { path, label: say('admin.filter.clear') } : null,
          },
    pager: pagerOf(query, found),
    exports: events.length === 0 ? [] : exportsOf(query, say),
    chain: isOfInstallation(admin) ? { result: chain } : null,
    notice: null,
    errors,
  };
  if (errors.length === 0) return showPage(page);
  const detail = errors.map(({ message }) => message).join(' ');
  return refuse(new Problem('validation-failed', { detail }), page);
}

/** Beside which event the page begins: `after` it, or with `newer` before it. */
function placeAsked({ query }: Exchange): Parameters<typeof browseAudit>[3] {
  const newer = query.get('newer');
  const after = newer ?? query.get('after');
  const side = newer === null ? 'older' : 'newer';
  return { after: after as AuditEventId | null, side, limit: rowsMax };
}

function pagerOf(query: AuditQuery, found: AuditPageFound): AdminAuditPage['pager'] {
  const first = found.ok ? found.events.at(0) : undefined;
  const last = found.ok ? found.events.at(-1) : undefined;
  const hasNewer = found.ok && found.hasNewer;
  const hasOlder = found.ok && found.hasOlder;
  const at = (place: Readonly<Record<string, string>>) =>
    pathWithParameters(path, { ...query.written, ...place });
  return {
    newestPath: hasNewer ? at({}) : null,
    newerPath: hasNewer && first !== undefined ? at({ newer: first.id }) : null,
    olderPath: hasOlder && last !== undefined ? at({ after: last.id }) : null,
  };
}

function errorsOf(
  { parts }: Exchange,
  { unreadable }: AuditQuery,
  found: AuditPageFound,
): readonly AdminFieldError[] {
  const { say } = parts.renderer.words;
  return [
    ...unreadable.map((field) => ({ field, message: say(`audit.unreadable.${field}`) })),
    ...(found.ok ? [] : found.faults).map(({ field, reason }) => ({
      field: field === 'place' ? null : field === 'period' ? 'before' : field,
      message: say(`audit.fault.${reason}`),
    })),
  ];
}

function fieldsOf(
  { config, parts }: Exchange,
  { written, search }: AuditQuery,
): readonly FilterField[] {
  const { say } = parts.renderer.words;
  const field = (name: AuditField): FilterField => ({
    kind: 'text',
    name,
    label: say(`audit.field.${name}`),
    value: written[name],
  });
  // Browsers show nothing but a time of day in the zone of the page.
  const time = (name: 'from' | 'before', at: EpochMs | null): FilterField => ({
    kind: 'datetime-local',
    name,
    label: say(`audit.field.${name}`),
    value: at === null ? written[name] : writtenTimeOf(at, config.portal.timeZone),
  });
  const choice = (name: AuditField, options: readonly Option[]): FilterField => ({
    kind: 'choice',
    name,
    label: say(`audit.field.${name}`),
    value: written[name],
    options: [{ value: '', label: say('audit.any') }, ...options],
  });
  return [
    choice('type', typeOptions(say)),
    choice(
      'severity',
      severities.flatMap((severity, at) => [
        { value: severity, label: say(`audit.severity.${severity}`) },
        ...(at > 0 && at < severities.length - 1
          ? [{ value: `${severity}-up`, label: say(`audit.severity-up.${severity}`) }]
          : []),
      ]),
    ),
    field('person'),
    field('by'),
    field('ip'),
    field('request'),
    // Nobody types the key of a session; it comes by a link, and stands here to be taken away.
    ...(written.session === '' ? [] : [field('session')]),
    time('from', search.from),
    time('before', search.to),
  ];
}

type Say = Exchange['parts']['renderer']['words']['say'];

/** Each type by its name in exports, under what it is about; where that has several, all of them. */
function typeOptions(say: Say): readonly Option[] {
  const subjects = [...new Set(auditEventTypes.map(subjectOfType))];
  return subjects.flatMap((subject) => {
    const types = auditEventTypes.filter((type) => subjectOfType(type) === subject);
    const each = types.map((type) => ({ value: type, label: type }));
    if (types.length === 1) return each;
    return [{ value: subject, label: say('audit.all-of', { subject }) }, ...each];
  });
}

const periods = [
  ['hour', 3600_000],
  ['day', 24 * 3600_000],
  ['week', 7 * 24 * 3600_000],
  ['month', 30 * 24 * 3600_000],
] as const;

/** The search as it is, from a while ago on. The instant stands in the address, to be passed on. */
function periodsOf(
  { config, parts, now }: Exchange,
  { written }: AuditQuery,
): readonly AuditLink[] {
  return periods.map(([name, milliseconds]) => ({
    label: parts.renderer.words.say(`audit.period.${name}`),
    path: pathWithParameters(path, {
      ...written,
      from: writtenTimeOf(now - milliseconds, config.portal.timeZone),
      before: '',
    }),
  }));
}

function exportsOf({ written }: AuditQuery, say: Say): readonly AuditLink[] {
  return Object.keys(auditFormats).map((format) => ({
    label: say(`audit.export.${format}`),
    path: pathWithParameters(`${path}/export`, { ...written, format }),
  }));
}
