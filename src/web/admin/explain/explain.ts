/** `/admin/explain`: what would happen to a request, why, and what would let it pass. */

import type { SessionFacts } from '../../../core/facts.ts';
import { methodIds } from '../../../core/proofs.ts';
import { reasons } from '../../../core/policy/reasons.ts';
import { Problem } from '../../../core/problem.ts';
import { unreachable } from '../../../core/unreachable.ts';
import { deviceName } from '../../../core/device-name.ts';
import { explainAccess } from '../../../flows/admin/explain-access.ts';
import type { AccessFault } from '../../../flows/admin/explain/explain-request.ts';
import { type Answer, type Exchange, refuse, showPage } from '../../exchange.ts';
import { zonedTime } from '../../zoned-time.ts';
import { administratorOf } from '../administrator.ts';
import { namesIn } from '../audit/audit-rows.ts';
import { eventSentence } from '../audit/audit-words.ts';
import type { AdminFieldError, Filter, Option } from '../blocks.ts';
import { explainAnswer } from './explain-answer.ts';
import {
  type ExplainField,
  explainQueryIn,
  type ExplainQuery,
  provedInSession,
} from './explain-query.ts';
import type { AdminExplainPage, ExplainedEvent } from './explain-views.ts';

const path = '/admin/explain';

/** Longest path that an audit event repeats (gateway/record.ts). */
const auditedPathMax = 512;

/** Shows the form, and the answer to what it asks. */
export async function showExplain(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts } = exchange;
  const { words } = parts.renderer;
  const query = await explainQueryIn(exchange);
  const { asked, event } = query;
  const answer =
    asked === null ? null : await explainAccess(parts.flows, administratorOf(exchange), asked);
  const faults = answer?.outcome === 'unreadable' ? answer.faults : [];
  const errors: readonly AdminFieldError[] = [
    ...(event?.ok === false
      ? [{ field: null, message: words.say(`explain.event.${event.reason}`) }]
      : []),
    ...faults.map((fault) => errorOf(fault, exchange, query)),
  ];
  const page: AdminExplainPage = {
    page: 'admin-explain',
    form: formOf(exchange, query),
    event: event?.ok === true ? await eventOf(exchange, event) : null,
    answer:
      asked === null || answer === null || answer.outcome === 'unreadable'
        ? null
        : explainAnswer(answer, asked, words),
    errors,
  };
  if (errors.length === 0) return showPage(page);
  const detail = errors.map(({ message }) => message).join(' ');
  return refuse(new Problem('validation-failed', { detail }), page);
}

/** The methods that people ask about; any other may stand in the address. */
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

const usualProofs = ['', 'password,totp', 'password,webauthn', 'password,recovery-code'] as const;

function formOf(exchange: Exchange<SessionFacts>, { written, sessions }: ExplainQuery): Filter {
  const { say } = exchange.parts.renderer.words;
  const { publicUrl } = exchange.config.server;
  const text = (name: ExplainField, hint: string, kind: 'text' | 'search' = 'text') =>
    ({ kind, name, label: say(`explain.field.${name}`), value: written[name], hint }) as const;
  const choice = (name: ExplainField, options: readonly Option[]) => {
    // Nothing asked for yet is the first that is offered.
    const value = written[name] === '' ? (options[0]?.value ?? '') : written[name];
    const known = options.some((option) => option.value === value);
    return {
      kind: 'choice',
      name,
      label: say(`explain.field.${name}`),
      value,
      options: known ? options : [...options, { value, label: value }],
    } as const;
  };
  const time = zonedTime(exchange.config.portal.timeZone);
  const proved: readonly Option[] = [
    ...usualProofs.map((proofs) => ({
      value: proofs,
      label: say(`explain.proved.${proofs === '' ? 'password' : (proofs.split(',')[1] ?? '')}`),
    })),
    ...sessions.map((session) => ({
      value: provedInSession(session),
      label: say('explain.proved.session', {
        device: deviceName(session.userAgent) ?? say('account.unknown-device'),
        ip: session.ip,
        since: time.full(session.createdAt),
      }),
    })),
  ];
  return {
    path,
    fields: [
      choice(
        'method',
        methods.map((method) => ({ value: method, label: method })),
      ),
      text('url', `${publicUrl}/…`, 'search'),
      text('person', say('explain.hint.person')),
      text('groups', say('explain.hint.groups')),
      text('ip', '127.0.0.1'),
      choice('proved', proved),
      text('proofs', 'password@2h, totp@5m'),
    ],
    isActive: Object.values(written).some((value) => value !== ''),
  };
}

function errorOf(
  fault: AccessFault,
  { config, parts }: Exchange,
  { written }: ExplainQuery,
): AdminFieldError {
  const { say } = parts.renderer.words;
  switch (fault.field) {
    case 'host':
    case 'url':
      return {
        field: 'url',
        message: say('explain.fault.url', { example: `${config.server.publicUrl}/some/page` }),
      };
    case 'proofs':
      return {
        field: written.proofs === '' ? 'proved' : 'proofs',
        message: say(`explain.fault.${fault.reason}`, {
          written: fault.written,
          methods: methodIds.join(', '),
        }),
      };
    case 'username':
      return { field: 'person', message: say('explain.fault.person') };
    case 'session':
      return { field: 'proved', message: say('explain.fault.session') };
    case 'groups':
    case 'ip':
    case 'method':
      return { field: fault.field, message: say(`explain.fault.${fault.field}`) };
    default:
      return unreachable(fault);
  }
}

async function eventOf(
  exchange: Exchange<SessionFacts>,
  { event, asked }: Extract<ExplainQuery['event'], { ok: true }>,
): Promise<ExplainedEvent> {
  const { words } = exchange.parts.renderer;
  const time = zonedTime(exchange.config.portal.timeZone);
  const { reason, path: asRecorded } = event.details;
  const then = Object.entries(reasons).find(([code]) => code === reason)?.[1];
  return {
    path: `/admin/audit/${event.id}`,
    sentence: eventSentence(event, words, time, await namesIn(exchange, [event])),
    notes: [
      words.say('explain.event.then', { at: time.full(event.at), why: then ?? String(reason) }),
      words.say('explain.event.now'),
      ...(event.subject !== null && asked.username === null
        ? [words.say('explain.event.gone')]
        : []),
      ...(typeof asRecorded === 'string' && asRecorded.length >= auditedPathMax
        ? [words.say('explain.event.cut')]
        : []),
    ],
  };
}
