/** Audit events for tests: an ordinary one, chains of them, and such as an attacker would like. */

import * as fc from 'fast-check';

import { auditEventTypes, severities, type AuditEvent } from '../../src/core/audit-event.ts';
import type { NewAuditEvent } from '../../src/core/audit-event.ts';
import {
  defaultTenant,
  type AuditEventId,
  type RequestId,
  type SessionKey,
  type TenantId,
  type UserId,
} from '../../src/core/ids.ts';
import { NOON } from './fixed-clock.ts';

/** An event that nothing is remarkable about, not in a chain yet. */
export function aNewEvent(changes: Partial<NewAuditEvent> = {}): NewAuditEvent {
  return {
    at: NOON,
    type: 'session.signed-in',
    severity: 'info',
    actor: 'anna',
    subject: 'usr_anna' as UserId,
    tenant: defaultTenant,
    ip: '10.20.0.7',
    userAgent: 'Mozilla/5.0',
    session: 'a'.repeat(64) as SessionKey,
    requestId: 'req_test' as RequestId,
    details: { methods: ['password', 'totp'] },
    ...changes,
  };
}

/** The same in a chain. */
export function anEvent(changes: Partial<AuditEvent> = {}): AuditEvent {
  return {
    ...aNewEvent(),
    id: 'evt_1' as AuditEventId,
    previousHash: '0'.repeat(64),
    hash: '1'.repeat(64),
    ...changes,
  };
}

// prettier-ignore
const hostileParts = [
  '"', '\\', ']', '[', '=', '|', ',', ';', ' ', "'", '\r\n', '\n', '\r', '\t', '\0',
  '\u0085', '\u2028', '\u2029', '\u007f', '\ufeff', '\ud800', 'ü', '😀',
  '<14>1 ', '5 <1>', 'CEF:0|', ' src=', '=cmd|', '@SUM(', '＝1', '-1', '+1', '\\n',
];

/** Text with whatever ends lines, fields, values and messages somewhere. */
export const hostileValue: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom(...hostileParts),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

/** Events of every type in which all that strangers can choose is hostile. */
export const hostileEvent: fc.Arbitrary<AuditEvent> = fc.record({
  id: fc.constant('evt_1' as AuditEventId),
  at: fc.integer({ min: 0, max: Date.UTC(2100, 0) }),
  type: fc.constantFrom(...auditEventTypes),
  severity: fc.constantFrom(...severities),
  actor: hostileValue.map((text) => text.toWellFormed()),
  subject: fc.option(fc.constant('usr_anna' as UserId)),
  tenant: hostileValue.map((text) => text.toWellFormed() as TenantId),
  ip: fc.option(fc.oneof(fc.ipV4(), fc.ipV6(), hostileValue)),
  userAgent: fc.option(hostileValue.map((text) => text.toWellFormed())),
  session: fc.option(fc.constant('a'.repeat(64) as SessionKey)),
  requestId: fc.option(fc.constant('req_test' as RequestId)),
  details: fc.dictionary(
    hostileValue,
    fc.oneof(hostileValue, fc.integer(), fc.boolean(), fc.array(hostileValue, { maxLength: 2 })),
    { maxKeys: 3 },
  ),
  previousHash: fc.constant('0'.repeat(64)),
  hash: fc.constant('1'.repeat(64)),
});
