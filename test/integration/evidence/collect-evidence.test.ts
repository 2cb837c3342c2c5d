/** A run against the operator's policy: what it finds, what it says, and what it leaves behind. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { AuditEvent } from '../../../src/core/audit-event.ts';
import { isEvidenceTenant } from '../../../src/core/evidence-tenant.ts';
import {
  countOutcomes,
  evidenceDocument,
  type EvidenceReport,
} from '../../../src/flows/evidence/report.ts';
import { openEvidenceWorld, type EvidenceWorld } from '../../support/evidence-world.ts';
import { sure } from '../../support/flow-world.ts';
import { sharedEngines } from '../../support/two-worlds.ts';

for (const engine of sharedEngines) {
  describe(`a run on ${engine.name}`, () => {
    let at: EvidenceWorld;
    let removeEngine: () => Promise<void>;
    let report: EvidenceReport;
    let trail: readonly AuditEvent[];
    before(async () => {
      const { location, remove } = await engine.open();
      removeEngine = remove;
      at = await openEvidenceWorld({ database: location });
      await at.world.addUser('anna', ['AI-PLATFORM-ADMINS']);
      const { users } = at.world.ctx.stores;
      const anna = sure(await users.findByUsername('anna'));
      await users.setProfile(anna.id, { displayName: 'Anna', email: 'anna@example.com' });
      report = await at.collect();
      trail = await at.world.events();
    });
    after(async () => {
      await at.close();
      await removeEngine();
    });

    test('finds that the installation does what the policy says', () => {
      assert.deepEqual(
        report.verifications.map(({ id, outcome }) => [id, outcome]),
        ['V1', 'V2', 'V3', 'V4', 'V5', 'V6'].map((id) => [id, 'passed']),
      );
      assert.equal(report.outcome, 'passed');
      assert.deepEqual(countOutcomes(report).failed, 0);
    });

    test('says of each check what was done, expected and seen', () => {
      for (const check of report.verifications.flatMap(({ checks }) => checks)) {
        assert.match(check.id, /^V[1-6]\.\d+$/);
        for (const text of [check.what, check.how, check.expected, check.seen]) {
          assert.match(text, /^\S.*[.)]$/s, `${check.id}: ${text}`);
        }
      }
    });

    test('leaves nobody, no tenant and nothing of theirs behind', async () => {
      const { stores } = at.world.ctx;
      const tenants = await stores.tenants.list();
      assert.deepEqual(
        tenants.map(({ id }) => id),
        ['default'],
      );
      const users = await stores.users.list({ after: null, limit: 100 });
      assert.deepEqual(
        users.map(({ username }) => username),
        ['anna'],
      );
      const own = trail.filter(({ details }) => details['evidence'] === report.id);
      const people = [...new Set(own.map(({ subject }) => subject).filter((id) => id !== null))];
      assert.equal(people.length, report.traces.people);
      const left = [];
      for await (const { table, column } of stores.evidence.textsAbout({
        users: people,
        tenant: sure(own[0]).tenant,
      })) {
        left.push(`${table}.${column}`);
      }
      // What was written of them stays, and what is about nobody: keys, hashes that expire.
      const others = new Set(left.filter((place) => !place.startsWith('audit_events.')));
      assert.deepEqual(
        [...others].filter((place) =>
          /^(users|user_groups|authenticators|recovery_codes|challenges|attempts|sessions|devices|known_places|outbox|reset_requests|enrollment_links|tenants)\./.test(
            place,
          ),
        ),
        [],
      );
      assert.equal(await at.world.ctx.sessions.countActive(at.world.clock.now()), 0);
    });

    test('marks each event that it brought about', () => {
      const own = trail.filter(({ tenant }) => isEvidenceTenant(tenant));
      assert.equal(own.length, report.traces.events);
      assert.ok(own.length > 50);
      for (const event of own) {
        assert.equal(event.details['evidence'], report.id, event.type);
        assert.equal(event.tenant, report.traces.tenant);
      }
      const others = trail.filter(({ tenant }) => !isEvidenceTenant(tenant));
      assert.deepEqual(
        others.map(({ type }) => type),
        ['user.created', 'evidence.collected'],
      );
    });

    test('writes down that it was collected, by whom and with what outcome', () => {
      const event = sure(trail.findLast(({ type }) => type === 'evidence.collected'));
      assert.equal(event.actor, 'cli');
      assert.equal(event.severity, 'notice');
      assert.equal(event.details['outcome'], 'passed');
      assert.equal(event.details['configuration'], report.installation.fingerprint);
    });

    test('keeps the report', async () => {
      const kept = sure(await at.world.ctx.stores.evidence.find(report.id));
      assert.deepEqual(JSON.parse(kept.report), report);
      assert.deepEqual([kept.isPassed, kept.by], [true, 'cli']);
    });

    test('counts towards no metric, and writes no mail to anybody', async () => {
      assert.deepEqual(at.world.counted, []);
      assert.equal(await at.world.ctx.stores.outbox.count(), 0);
    });

    test('leaves the chain of events whole (G12)', async () => {
      const verification = await at.world.ctx.stores.audit.verify('all');
      assert.equal(verification.ok, true);
    });

    test('waits for nothing while the policy bears a code of the periods around', () => {
      assert.deepEqual(at.waited, []);
    });
  });
}

describe('a report as it leaves the house', () => {
  test('has the members that the contract names', async () => {
    const at = await openEvidenceWorld({ policy: { 'reset_policy.enabled': false } });
    const report = await at.collect();
    await at.close();
    const document = evidenceDocument(report) as Record<string, unknown>;
    assert.deepEqual(Object.keys(document), [
      'shape',
      'id',
      'started_at',
      'finished_at',
      'by',
      'outcome',
      'installation',
      'policy',
      'verifications',
      'traces',
    ]);
    assert.match(String(document['started_at']), /^2026-03-02T12:00:00/);
    assert.deepEqual(Object.keys(document['installation'] as object), [
      'issuer',
      'public_url',
      'portal_url',
      'database',
      'sessions',
      'time_zone',
      'version',
      'runtime',
      'configuration_sha256',
    ]);
  });
});
