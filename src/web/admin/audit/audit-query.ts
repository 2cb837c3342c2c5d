/** What the address of the audit pages asks for, and the addresses they link to. */

import {
  auditEventTypes,
  type AuditEventType,
  severities,
  type Severity,
} from '../../../core/audit-event.ts';
import type { SessionKey } from '../../../core/ids.ts';
import type { AuditSearch } from '../../../flows/admin/audit-search.ts';
import type { Exchange } from '../../exchange.ts';
import { readWrittenTime } from '../../zoned-input.ts';

/** The fields of the filter, by their names in the address. */
export const auditFields = [
  'type',
  'severity',
  'person',
  'by',
  'ip',
  'request',
  'session',
  'from',
  'before',
] as const;

/** A field of the filter. */
export type AuditField = (typeof auditFields)[number];

/** A search as it stands in an address, and what of it cannot be read. */
export interface AuditQuery {
  readonly search: AuditSearch;
  /** As it was written, without blanks around it; empty where nothing was. */
  readonly written: Readonly<Record<AuditField, string>>;
  readonly unreadable: readonly AuditField[];
  /** Something is looked for. */
  readonly isActive: boolean;
}

/** Nothing longer than this is looked for. */
const lengthMax = 200;

/** Reads the search out of an address. */
export function auditQueryIn({ query, config }: Pick<Exchange, 'query' | 'config'>): AuditQuery {
  const written = Object.fromEntries(
    auditFields.map((field) => [field, (query.get(field) ?? '').trim()]),
  ) as Record<AuditField, string>;
  const textOf = (field: AuditField): string | null =>
    written[field] === '' || written[field].length > lengthMax ? null : written[field];
  const timeOf = (field: 'from' | 'before') =>
    readWrittenTime(textOf(field) ?? '', config.portal.timeZone);

  const types = typesNamed(written.type);
  const severity = severitiesNamed(written.severity);
  const [from, before] = [timeOf('from'), timeOf('before')];
  const isUnreadable: Partial<Record<AuditField, boolean>> = {
    type: types === null,
    severity: severity === null,
    from: from === null,
    before: before === null,
  };
  return {
    search: {
      types,
      severities: severity,
      person: textOf('person'),
      actor: textOf('by'),
      ip: textOf('ip'),
      requestId: textOf('request'),
      session: textOf('session') as SessionKey | null,
      from: from?.earliestAt ?? null,
      to: before?.latestAt ?? null,
    },
    written,
    unreadable: auditFields.filter(
      (field) =>
        written[field] !== '' && (isUnreadable[field] ?? written[field].length > lengthMax),
    ),
    isActive: auditFields.some((field) => written[field] !== ''),
  };
}

/** What stands before the dot of an event's type: what it is about. */
export function subjectOfType(type: AuditEventType): string {
  return type.slice(0, type.indexOf('.'));
}

/** One type, or all about one thing: `reset` is every `reset.…`. Null: neither. */
function typesNamed(text: string): readonly AuditEventType[] | null {
  const named = auditEventTypes.filter((type) => type === text || subjectOfType(type) === text);
  return named.length === 0 ? null : named;
}

/** One severity, or that and all worse: `warning-up`. Null: there is none of the name. */
function severitiesNamed(text: string): readonly Severity[] | null {
  const at = severities.findIndex((severity) => text === severity || text === `${severity}-up`);
  if (at === -1) return null;
  return text.endsWith('-up') ? severities.slice(at) : severities.slice(at, at + 1);
}

/** A path with these parameters; what is empty is left out. */
export function pathWithParameters(
  path: string,
  parameters: Readonly<Record<string, string | null>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== '') query.set(name, value);
  }
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}
