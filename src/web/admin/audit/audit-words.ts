/**
 * Audit events in plain words: what happened, by whom, to whom. `audit.<type>` in the catalogue,
 * with `.own` for what people do to themselves and `.told` where the event says more.
 */

import type { AuditEvent, AuditEventType, Severity } from '../../../core/audit-event.ts';
import { deviceName } from '../../../core/device-name.ts';
import { methodIds } from '../../../core/proofs.ts';
import type { Words, WordValues } from '../../words.ts';
import type { ZonedTime } from '../../zoned-time.ts';
import type { Badge } from '../blocks.ts';

type Detail = AuditEvent['details'][string];

/** The details without which there is not more to tell than what happened. */
const needed: Partial<Record<AuditEventType, readonly string[]>> = {
  'session.signed-in': ['methods'],
  'session.stepped-up': ['methods'],
  'authenticator.enrolled': ['name', 'method'],
  'authenticator.renamed': ['before', 'name'],
  'authenticator.removed': ['name', 'method'],
  'second-factor.failed': ['method'],
  'device.trusted': ['name', 'until'],
  'enrollment-link.used': ['createdBy'],
  'enrollment.supervised': ['until'],
  'api-key.created': ['name'],
  'api-key.revoked': ['name'],
  'request.denied': ['method', 'host', 'path'],
  'request.allowed': ['method', 'host', 'path'],
  'tenant.created': ['tenant'],
  'audit.exported': ['format'],
  'audit.sink-failed': ['sink'],
};

/** What happened, in one sentence. `nameOf` knows people by their ids. */
export function eventSentence(
  event: AuditEvent,
  words: Words,
  time: ZonedTime,
  nameOf: (event: AuditEvent) => string | null,
): string {
  const { type, details } = event;
  const values: WordValues = {
    ...Object.fromEntries(
      Object.entries(details).map(([name, value]) => [
        name,
        shortened(detailText(name, value, words, time)),
      ]),
    ),
    actor: actorName(event, words),
    person: nameOf(event) ?? words.say('audit.person.nobody'),
  };
  const key = `audit.${keyOf(type, event, words)}`;
  // Events of other versions of this program may stand in the trail.
  return words.has(key) ? words.say(key, values) : words.say('audit.other', { ...values, type });
}

/** Longest text of strangers that a sentence repeats; the event says it whole. */
const quotedMax = 80;

function shortened(text: string): string {
  return text.length <= quotedMax ? text : `${text.slice(0, quotedMax)}…`;
}

/** Whom an event is about as the event itself says; null: it does not. */
export function personIn({ subject, actor, details }: AuditEvent): string | null {
  const { username } = details;
  if (typeof username === 'string') return username;
  return subject === null || isNobody(actor) ? null : actor;
}

/** A detail in words: instants in the operator's zone, ways to authenticate by their names. */
export function detailText(name: string, value: Detail, words: Words, time: ZonedTime): string {
  if (typeof value === 'number' && /(?:^until|Until|At)$/.test(name)) {
    return Number.isFinite(value) && Math.abs(value) < 8.64e15 ? time.full(value) : String(value);
  }
  if (name !== 'method' && name !== 'methods') {
    return typeof value === 'object' ? value.join(', ') : String(value);
  }
  const methods = typeof value === 'object' ? value : [String(value)];
  return methods.map((method) => methodName(method, words)).join(', ');
}

/** "Firefox on Linux, 10.20.0.14"; null: nobody came over the network. */
export function eventOrigin({ ip, userAgent }: AuditEvent): string | null {
  const known = [userAgent === null ? null : deviceName(userAgent), ip];
  const parts = known.filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(', ');
}

/** How much an event should worry, as a badge. */
export function severityBadge(severity: Severity, words: Words): Badge {
  const looks = {
    info: { tone: 'quiet', icon: 'info' },
    notice: { tone: 'accent', icon: 'info' },
    warning: { tone: 'warning', icon: 'alert' },
    high: { tone: 'danger', icon: 'alert' },
  } as const;
  const look = Object.hasOwn(looks, severity) ? looks[severity] : looks.notice;
  const key = `audit.severity.${severity}`;
  return { ...look, label: words.has(key) ? words.say(key) : severity };
}

function actorName({ actor }: AuditEvent, words: Words): string {
  return isNobody(actor) ? words.say(`audit.actor.${actor}`) : actor;
}

/** Names that stand for somebody who has none; no account may have one of these. */
function isNobody(actor: string): boolean {
  return ['cli', 'system', 'anonymous', 'unknown'].includes(actor);
}

function keyOf(type: AuditEventType, event: AuditEvent, words: Words): string {
  const variant = variants[type]?.(event) ?? null;
  if (variant !== null) return `${type}.${variant}`;
  const base = isOwn(event) && words.has(`audit.${type}.own`) ? `${type}.own` : type;
  const isTold = needed[type]?.every((name) => event.details[name] !== undefined) ?? false;
  return isTold && words.has(`audit.${base}.told`) ? `${base}.told` : base;
}

/** Somebody did it to themselves. Whoever does it to others is told whom, by name. */
function isOwn({ subject, actor, details }: AuditEvent): boolean {
  const { username } = details;
  if (subject === null || isNobody(actor)) return false;
  return username === undefined || username === actor;
}

/** Events that say one of several things. */
const variants: Partial<Record<AuditEventType, (event: AuditEvent) => string | null>> = {
  'session.sign-in-failed': ({ actor, details }) => {
    if (actor === 'unknown') return 'unknown';
    return details['during'] === undefined ? null : 'during';
  },
  'reset.executed': ({ details }) => (details['breakGlass'] === true ? 'break-glass' : null),
  'settings.changed': ({ details }) => {
    const { mfaRequired, mfaRequiredBefore, graceDays } = details;
    if (mfaRequired === true && graceDays !== undefined) return 'required';
    return mfaRequired === false && mfaRequiredBefore === true ? 'lifted' : null;
  },
};

function methodName(method: string, words: Words): string {
  const known = methodIds.find((id) => id === method);
  return known === undefined ? method : words.say(`audit.method.${known}`);
}
