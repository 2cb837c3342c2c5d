/** Every way to browse the audit trail gives what reading all of it gives, on every engine. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import * as fc from 'fast-check';
import { sql } from 'kysely';

import type {
  AuditEvent,
  AuditEventType,
  NewAuditEvent,
  Severity,
} from '../../src/core/audit-event.ts';
import {
  defaultTenant,
  type AuditEventId,
  type RequestId,
  type SessionKey,
  type TenantId,
  type UserId,
} from '../../src/core/ids.ts';
import type { SqlDatabase } from '../../src/stores/sql/database.ts';
import type { AuditFilter } from '../../src/stores/types/audit-trail.ts';
import { NOON } from '../support/fixed-clock.ts';
import { anAuditEvent, auditEventsIn } from './support/audit.ts';
import { describeEngines } from './support/engines.ts';

const everything: AuditFilter = {
  tenant: defaultTenant,
  types: null,
  severities: null,
  subject: null,
  actor: null,
  ip: null,
  requestId: null,
  session: null,
  from: null,
  to: null,
};

const acme = 'acme' as TenantId;
const sessionOf = (sign: string) => (sign + 'f'.repeat(63)) as SessionKey;
const types: readonly AuditEventType[] = ['session.signed-in', 'request.denied', 'reset.executed'];
const severities: readonly Severity[] = ['info', 'notice', 'high'];

// Few values, so that conditions meet and miss one another.
const event = fc.record({
  at: fc.integer({ min: 0, max: 8 }).map((offset) => NOON + offset),
  type: fc.constantFrom(...types),
  severity: fc.constantFrom(...severities),
  actor: fc.constantFrom('anna', 'ben'),
  subject: fc.constantFrom(null, 'usr_anna' as UserId, 'usr_ben' as UserId),
  tenant: fc.constantFrom(defaultTenant, defaultTenant, acme),
  ip: fc.constantFrom(null, '192.0.2.1', '2001:db8::1'),
  session: fc.constantFrom(null, sessionOf('a'), sessionOf('b')),
  requestId: fc.constantFrom(null, 'req_1' as RequestId, 'req_2' as RequestId),
});
const filter = fc.record({
  tenant: fc.constantFrom(defaultTenant, acme, 'nowhere' as TenantId),
  types: fc.oneof(fc.constant(null), fc.subarray([...types])),
  severities: fc.oneof(fc.constant(null), fc.subarray([...severities])),
  subject: fc.constantFrom(null, null, 'usr_anna' as UserId, 'usr_nobody' as UserId),
  actor: fc.constantFrom(null, null, 'anna', 'ANNA'),
  ip: fc.constantFrom(null, null, '192.0.2.1', '192.0.2.9'),
  session: fc.constantFrom(null, null, sessionOf('a'), 'a' as SessionKey),
  requestId: fc.constantFrom(null, null, null, 'req_1' as RequestId),
  from: fc.constantFrom(null, null, NOON, NOON + 3),
  to: fc.constantFrom(null, null, NOON + 3, NOON + 7),
});

function equal(asked: unknown, value: unknown): boolean {
  return asked === null || asked === value;
}

function fits(filter: AuditFilter, event: AuditEvent): boolean {
  return (
    event.tenant === filter.tenant &&
    (filter.types === null || filter.types.includes(event.type)) &&
    (filter.severities === null || filter.severities.includes(event.severity)) &&
    equal(filter.subject, event.subject) &&
    equal(filter.actor, event.actor) &&
    equal(filter.ip, event.ip) &&
    equal(filter.session, event.session) &&
    equal(filter.requestId, event.requestId) &&
    (filter.from === null || event.at >= filter.from) &&
    (filter.to === null || event.at < filter.to)
  );
}

/** Oldest first: by instant, then in the order of the chain. */
function inOrder(events: readonly AuditEvent[], filter: AuditFilter): readonly AuditEvent[] {
  return events
    .filter((event) => fits(filter, event))
    .map((event, at) => ({ event, at }))
    .sort((one, other) => one.event.at - other.event.at || one.at - other.at)
    .map(({ event }) => event);
}

function idsOf(events: readonly AuditEvent[]): readonly AuditEventId[] {
  return events.map(({ id }) => id);
}

async function allPages(
  { stores }: SqlDatabase,
  filter: AuditFilter,
  limit: number,
): Promise<readonly AuditEvent[]> {
  const events: AuditEvent[] = [];
  for (let after: AuditEventId | null = null; ;) {
    const page = await stores.auditBrowser.browse(filter, { after, limit });
    events.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return events;
    after = last.id;
  }
}

function aDenial(
  of: Partial<NewAuditEvent> = {},
  details: NewAuditEvent['details'] = {},
): NewAuditEvent {
  return anAuditEvent({
    type: 'request.denied',
    details: { reason: 'principal-not-admitted', ...details },
    ...of,
  });
}

describeEngines((engine) => {
  describe('browsing the audit trail', () => {
    test('gives what reading it whole gives, either way, page by page (property)', async () => {
      const database = await engine.fresh();
      const { audit, auditBrowser } = database.stores;
      await fc.assert(
        fc.asyncProperty(
          fc.array(event, { minLength: 1, maxLength: 12 }),
          fc.array(filter, { minLength: 5, maxLength: 10 }),
          fc.integer({ min: 1, max: 5 }),
          async (events, filters, limit) => {
            await audit.appendAll(events.map((of) => anAuditEvent(of)));
            const all = await auditEventsIn(database);
            for (const filter of filters) {
              const oldestFirst = inOrder(all, filter);
              const expected = idsOf(oldestFirst.toReversed());
              assert.deepEqual(idsOf(await allPages(database, filter, limit)), expected);
              assert.deepEqual(
                idsOf(await Array.fromAsync(auditBrowser.export(filter))),
                idsOf(oldestFirst),
              );
              const [middle] = oldestFirst.slice(Math.floor(oldestFirst.length / 2));
              if (middle === undefined) continue;
              const at = expected.indexOf(middle.id);
              assert.deepEqual(
                idsOf(
                  await auditBrowser.browse(filter, { after: middle.id, limit, side: 'newer' }),
                ),
                expected.slice(Math.max(0, at - limit), at),
              );
            }
          },
        ),
        { numRuns: engine.name === 'SQLite' ? 60 : 25 },
      );
    });

    test('begins beside an event that the filter itself leaves out', async () => {
      const { audit, auditBrowser } = (await engine.fresh()).stores;
      const [older, between, newer] = [
        await audit.append(anAuditEvent({ at: NOON, actor: 'anna' })),
        await audit.append(anAuditEvent({ at: NOON + 1, actor: 'ben' })),
        await audit.append(anAuditEvent({ at: NOON + 2, actor: 'anna' })),
      ];
      const filter = { ...everything, actor: 'anna' };
      const page = { after: between.id, limit: 5 };
      assert.deepEqual(idsOf(await auditBrowser.browse(filter, page)), [older.id]);
      assert.deepEqual(idsOf(await auditBrowser.browse(filter, { ...page, side: 'newer' })), [
        newer.id,
      ]);
    });

    test('shows nothing of another tenant, beside its events neither', async () => {
      const { audit, auditBrowser } = (await engine.fresh()).stores;
      const own = await audit.append(anAuditEvent());
      const other = await audit.append(anAuditEvent({ tenant: acme }));
      assert.equal(await auditBrowser.find(defaultTenant, other.id), null);
      assert.deepEqual(await auditBrowser.find(acme, other.id), other);
      for (const side of ['older', 'newer'] as const) {
        const page = { after: other.id, limit: 5, side };
        assert.deepEqual(await auditBrowser.browse(everything, page), []);
      }
      for (const asked of [
        { subject: own.subject },
        { actor: own.actor },
        { ip: own.ip },
        { session: own.session },
        { requestId: own.requestId },
        { types: [own.type] },
        {},
      ]) {
        const found = await auditBrowser.browse(
          { ...everything, ...asked, tenant: acme },
          { after: null, limit: 5 },
        );
        assert.deepEqual(idsOf(found), [other.id]);
      }
    });

    test('answers what nothing can match, and what is no id', async () => {
      const { auditBrowser, audit } = (await engine.fresh()).stores;
      await audit.append(anAuditEvent());
      const page = { after: null, limit: 5 };
      for (const asked of [
        { types: [] },
        { severities: [] },
        { actor: 'a\0' },
        { ip: '\0' },
        { session: '\0' as SessionKey },
        { requestId: '\0' as RequestId },
        { from: NOON + 1 },
        { from: NOON + 1, to: NOON },
      ]) {
        assert.deepEqual(await auditBrowser.browse({ ...everything, ...asked }, page), []);
      }
      for (const id of ['evt_none', '\0'] as readonly string[] as readonly AuditEventId[]) {
        assert.equal(await auditBrowser.find(defaultTenant, id), null);
        assert.deepEqual(await auditBrowser.browse(everything, { after: id, limit: 5 }), []);
      }
    });

    describe('of thousands of events', () => {
      let database: SqlDatabase;
      let all: readonly AuditEvent[];
      before(async () => {
        database = engine.open(await engine.newLocation(), { statements: 'unlimited' });
        await database.migrate();
        // More than a slice on the engine (slice-size.ts). They form no chain.
        const count = sql.lit(engine.name === 'SQLite' ? 6000 : 42_000);
        await sql`with recursive series(n) as (
            select 1 union all select n + 1 from series where n < ${count})
          insert into audit_events (seq, id, at, type, severity, actor, tenant_id, ip, details,
            previous_hash, hash)
          select n, 'evt_' || n, ${sql.lit(NOON)} + n,
            case when n % 2000 = 1 then 'reset.executed' else 'session.signed-in' end,
            case when n % 2000 = 1 then 'high' else 'info' end,
            case when n % 2 = 0 then 'anna' else 'ben' end, 'default',
            case when n % 3 = 0 then '192.0.2.1' else '192.0.2.2' end, '{}', '', ''
          from series`.execute(database.db);
        all = await auditEventsIn(database);
      });

      // What each asks for is frequent; together they are so, rare, or never meet.
      for (const asked of [
        { actor: 'anna', ip: '192.0.2.1' },
        { actor: 'ben', types: ['reset.executed' as const] },
        { actor: 'anna', types: ['reset.executed' as const] },
        { actor: 'anna', types: ['session.signed-in' as const], severities: ['high' as const] },
        { actor: 'anna', ip: '192.0.2.1', from: NOON + 100, to: NOON + 5000 },
        { ip: '192.0.2.2', severities: ['info' as const, 'high' as const] },
      ]) {
        test(`finds all of ${JSON.stringify(asked)}`, async () => {
          const filter = { ...everything, ...asked };
          const expected = idsOf(inOrder(all, filter).toReversed());
          assert.deepEqual(idsOf(await allPages(database, filter, 3000)), expected);
        });
      }
    });
  });

  describe('refused requests', () => {
    const hour = 3_600_000;
    test('are counted by reason as they are appended, each tenant its own', async () => {
      const { audit, auditBrowser } = (await engine.fresh()).stores;
      await audit.appendAll([
        aDenial(),
        aDenial({ at: NOON + 5 }, { reason: 'network-not-allowed', repeated: 40 }),
        aDenial({ at: NOON + hour }, { repeated: 7 }),
        aDenial({ tenant: acme }, { reason: 'rule-denies' }),
        aDenial({ at: NOON - hour }, { reason: 'long-ago' }),
        anAuditEvent({ details: { reason: 'no-refusal' } }),
      ]);
      await audit.append(aDenial());

      assert.deepEqual(await auditBrowser.countRefusals(defaultTenant, NOON + 99), [
        { reason: 'network-not-allowed', count: 40 },
        { reason: 'principal-not-admitted', count: 9 },
      ]);
      assert.deepEqual(await auditBrowser.countRefusals(defaultTenant, NOON + hour), [
        { reason: 'principal-not-admitted', count: 7 },
      ]);
      assert.deepEqual(await auditBrowser.countRefusals(acme, 0), [
        { reason: 'rule-denies', count: 1 },
      ]);
      assert.deepEqual(await auditBrowser.countRefusals('nowhere' as TenantId, 0), []);
    });

    test('are not counted where the event was not kept, nor twice by two instances', async () => {
      const location = await engine.newLocation();
      const [one, other] = [engine.open(location), engine.open(location)];
      await one.migrate();
      await assert.rejects(
        one.stores.transaction(async ({ audit }) => {
          await audit.append(aDenial());
          throw new Error('changed its mind');
        }),
      );
      await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          (at % 2 === 0 ? one : other).stores.audit.append(aDenial()),
        ),
      );
      assert.deepEqual(await one.stores.auditBrowser.countRefusals(defaultTenant, NOON), [
        { reason: 'principal-not-admitted', count: 20 },
      ]);
    });
  });
});
