/**
 * The audit trail page by page, on every engine: whatever is looked for, wherever a page begins and
 * whichever way it goes, it holds what a plain list of the events says.
 */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as fc from 'fast-check';
import { type AuditEvent, severities } from '../../src/core/audit-event.ts';
import {
  type AuditEventId,
  defaultTenant,
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

const acme = 'acme' as TenantId;
const types = ['session.signed-in', 'request.denied', 'reset.executed'] as const;
const people = ['usr_anna', 'usr_ben', null] as const;
const actors = ['anna', 'ben', 'O\u2019Hara', 'system'];
const addresses = ['192.0.2.1', '2001:db8::1', null];
const requests = ['req_1', 'req_2', null];
const sessions = ['a'.repeat(64), 'b'.repeat(64), null];

/** Few values of each kind, so that combinations meet; instants repeat and are out of order. */
const event = fc.record({
  at: fc.integer({ min: 0, max: 20 }).map((seconds) => NOON + seconds * 1000),
  type: fc.constantFrom(...types),
  severity: fc.constantFrom(...severities),
  actor: fc.constantFrom(...actors),
  subject: fc.constantFrom(...people).map((id) => id as UserId | null),
  tenant: fc.constantFrom(defaultTenant, defaultTenant, acme),
  ip: fc.constantFrom(...addresses),
  requestId: fc.constantFrom(...requests).map((id) => id as RequestId | null),
  session: fc.constantFrom(...sessions).map((key) => key as SessionKey | null),
});

const rarely = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
const instant = fc.integer({ min: -1, max: 22 }).map((seconds) => NOON + seconds * 1000);

const filter: fc.Arbitrary<AuditFilter> = fc.record({
  tenant: fc.constantFrom(defaultTenant, acme, 'nobody' as TenantId),
  types: rarely(fc.subarray([...types])),
  severities: rarely(fc.subarray([...severities])),
  subject: rarely(fc.constantFrom('usr_anna', 'usr_nobody').map((id) => id as UserId)),
  actor: rarely(fc.constantFrom(...actors, 'ANNA', '%', 'a_na', '\0')),
  ip: rarely(fc.constantFrom('192.0.2.1', '2001:db8::1', '192.0.2.2')),
  requestId: rarely(fc.constantFrom('req_1', 'req_none')),
  session: rarely(fc.constantFrom('a'.repeat(64), 'none').map((key) => key as SessionKey)),
  from: rarely(instant),
  to: rarely(instant),
});

/** What a filter means. */
function fits(asked: AuditFilter, is: AuditEvent): boolean {
  const { subject, actor, ip, requestId, session, from, to } = asked;
  return (
    is.tenant === asked.tenant &&
    (asked.types === null || asked.types.includes(is.type)) &&
    (asked.severities === null || asked.severities.includes(is.severity)) &&
    (subject === null || is.subject === subject) &&
    (actor === null || is.actor === actor) &&
    (ip === null || is.ip === ip) &&
    (requestId === null || is.requestId === requestId) &&
    (session === null || is.session === session) &&
    (from === null || is.at >= from) &&
    (to === null || is.at < to)
  );
}

const idsOf = (events: readonly AuditEvent[]): readonly string[] => events.map(({ id }) => id);

describeEngines((engine) => {
  describe('browsing the audit trail', () => {
    let database: SqlDatabase;
    let all: readonly AuditEvent[];
    before(async () => {
      database = await engine.fresh();
      const [made] = fc.sample(fc.array(event, { minLength: 400, maxLength: 400 }), {
        numRuns: 1,
        seed: 4711,
      });
      await database.stores.audit.appendAll((made ?? []).map((of) => anAuditEvent(of)));
      const chain = await auditEventsIn(database);
      // Of one instant, in the order of the chain.
      all = chain.toSorted((one, other) => one.at - other.at);
    });

    test('finds what fits, newest first, on either side of any event of the tenant', async () => {
      const place = fc.record({
        after: fc.option(fc.integer({ min: 0, max: 399 })),
        side: fc.constantFrom('older', 'newer' as const),
        limit: fc.integer({ min: 1, max: 60 }),
      });
      let found = 0;
      await fc.assert(
        fc.asyncProperty(filter, place, async (asked, { after, side, limit }) => {
          const beside = after === null ? null : (all[after] ?? assert.fail());
          const page = { after: beside?.id ?? null, side, limit } as const;
          const shown = idsOf(await database.stores.auditBrowser.browse(asked, page));

          const fitting = all.filter((is) => fits(asked, is)).toReversed();
          const at = beside === null ? -1 : all.indexOf(beside);
          const newer = idsOf(fitting.filter((is) => all.indexOf(is) > at)).slice(-limit);
          const older = idsOf(fitting.filter((is) => all.indexOf(is) < at)).slice(0, limit);
          const expected =
            beside === null
              ? idsOf(fitting).slice(0, limit)
              : beside.tenant !== asked.tenant
                ? []
                : side === 'newer'
                  ? newer
                  : older;
          assert.deepEqual(shown, expected);
          found += shown.length;
        }),
        { numRuns: 400 },
      );
      assert.ok(found > 500, 'the filters of this test find something');
    });

    test('exports what fits, oldest first', async () => {
      await fc.assert(
        fc.asyncProperty(filter, async (asked) => {
          const exported = await Array.fromAsync(database.stores.auditBrowser.export(asked));
          assert.deepEqual(idsOf(exported), idsOf(all.filter((is) => fits(asked, is))));
        }),
        { numRuns: 100 },
      );
    });

    test('finds one event of its tenant by its id, and of another none', async () => {
      const [one] = all;
      assert.ok(one !== undefined);
      const { auditBrowser } = database.stores;
      assert.deepEqual(await auditBrowser.find(one.tenant, one.id), one);
      const other = one.tenant === acme ? defaultTenant : acme;
      assert.equal(await auditBrowser.find(other, one.id), null);
      for (const id of ['', 'evt_0', '\0', `${one.id}%`]) {
        assert.equal(await auditBrowser.find(one.tenant, id as AuditEventId), null);
      }
    });
  });
});
