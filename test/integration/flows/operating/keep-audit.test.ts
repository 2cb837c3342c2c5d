/** The audit trail as it is kept: checked, shortened, and with the configuration that was in force (G12). */

import assert from 'node:assert/strict';
import { openSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';

import {
  checkAudit,
  forgetSink,
  onceIn,
  pruneAudit,
} from '../../../../src/flows/operating/keep-audit.ts';
import {
  fingerprintOf,
  noteConfiguration,
} from '../../../../src/flows/operating/note-configuration.ts';
import { createLog, type OperatorLog } from '../../../../src/platform/log.ts';
import { StoreUnavailable } from '../../../../src/stores/types.ts';
import { aNewEvent } from '../../../support/audit-events.ts';
import { noSinks } from '../../../support/audit-sender-at-work.ts';
import { configOf, smallest } from '../../../support/config-files.ts';
import { NOON } from '../../../support/fixed-clock.ts';
import { openWorld, type World } from '../../../support/flow-world.ts';

const aDay = 24 * 3600;

let world: World;
let log: OperatorLog;
let lines: string[];

beforeEach(async () => {
  world = await openWorld();
  log = createLog({ level: 'info', destination: openSync('/dev/null', 'w') });
  lines = [];
  log.tap((line) => lines.push(line));
});
afterEach(() => world.close());

function ctx() {
  return { ...world.ctx, log };
}

/** One event a day, the first of them so many days ago. */
async function happenDaily(days: number): Promise<void> {
  for (let ago = days; ago > 0; ago -= 1) {
    await world.ctx.stores.audit.append(aNewEvent({ at: NOON - ago * aDay * 1000 }));
  }
}

function keeping(days: number | null): void {
  const keptSeconds = days === null ? null : days * aDay;
  world.configure({ auditTrail: { ...noSinks, keptSeconds } });
}

async function tamper(): Promise<string> {
  const { db } = world.database;
  const changed = await db
    .updateTable('audit_events')
    .set({ actor: 'mallory' })
    .where('seq', '=', 3)
    .returning('id')
    .executeTakeFirstOrThrow();
  return changed.id;
}

describe('old audit events', () => {
  test('are removed once they are older than configured, and the rest still fits', async () => {
    await happenDaily(100);
    keeping(90);
    await pruneAudit(ctx(), []);
    const events = await world.events();
    assert.deepEqual(
      [events.length, events.at(0)?.at, events.at(-1)?.type],
      [91, NOON - 90 * aDay * 1000, 'audit.pruned'],
    );
    assert.deepEqual(await world.ctx.stores.audit.verify(), { ok: true, events: 91 });
    assert.match(lines.join(''), /"removed":10,"msg":"old audit events were removed"/);
    await pruneAudit(ctx(), []);
    assert.equal((await world.events()).length, 91, 'nothing to do leaves no event');
  });

  test('are kept for ever where nothing is configured', async () => {
    await happenDaily(100);
    keeping(null);
    await pruneAudit(ctx(), []);
    assert.equal((await world.events()).length, 100);
  });

  test('stay for as long as a configured sink has yet to be sent them', async () => {
    const { auditSinks } = world.ctx.stores;
    const lease = { holder: 'one', now: NOON, leaseUntil: NOON + 60_000 };
    await auditSinks.take({ ...lease, sink: 'webhook' });
    await auditSinks.take({ ...lease, sink: 'syslog' });
    await happenDaily(100);
    await auditSinks.advance('webhook', 'one', 5, NOON);
    keeping(30);
    await pruneAudit(ctx(), ['webhook']);
    assert.equal((await auditSinks.read(0, 1)).at(0)?.seq, 6);
    // The other one was taken out of the configuration.
    await auditSinks.advance('webhook', 'one', 100, NOON);
    await pruneAudit(ctx(), ['webhook']);
    assert.equal((await world.events()).at(0)?.at, NOON - 30 * aDay * 1000);
  });

  test('stay where the chain is broken: they may show who was at work', async () => {
    await happenDaily(100);
    const broken = await tamper();
    keeping(30);
    await pruneAudit(ctx(), []);
    assert.equal((await world.events()).length, 100);
    assert.match(lines.join(''), /"level":"error".*no old audit events are removed/);
    assert.ok(lines.join('').includes(broken));
  });
});

describe('the check of the chain', () => {
  test('says that it is whole, and goes on from there the next time', async () => {
    await happenDaily(5);
    const said: boolean[] = [];
    await checkAudit(ctx(), (isWhole) => said.push(isWhole));
    assert.deepEqual(said, [true]);
    assert.match(lines.join(''), /"msg":"the audit chain is whole"/);
  });

  test('says loudly which event does not fit', async () => {
    await happenDaily(5);
    const broken = await tamper();
    const said: boolean[] = [];
    await checkAudit(ctx(), (isWhole) => said.push(isWhole));
    assert.deepEqual(said, [false]);
    assert.match(lines.join(''), new RegExp(`"level":"error".*"event":"${broken}"`));
  });

  test('says nothing of the chain where the store does not answer', async () => {
    const away = {
      ...ctx(),
      stores: {
        ...world.ctx.stores,
        audit: {
          ...world.ctx.stores.audit,
          verify: () => Promise.reject(new StoreUnavailable('The database')),
        },
      },
    };
    await checkAudit(away, () => assert.fail('it was not checked'));
    assert.match(lines.join(''), /"level":"warn".*could not be checked/);
  });
});

describe('a sink that an operator has forgotten', () => {
  test('is forgotten with an event that says what was never sent, however many wait', async () => {
    const { auditSinks } = world.ctx.stores;
    await auditSinks.take({ sink: 'webhook', holder: 'one', now: NOON, leaseUntil: NOON + 1 });
    await happenDaily(7);
    assert.equal(await forgetSink(ctx(), 'webhook'), true);
    const [event] = (await world.events()).toReversed();
    assert.deepEqual(
      [event?.type, event?.severity, event?.actor, event?.details],
      [
        'settings.changed',
        'high',
        'cli',
        { what: 'audit sink forgotten', sink: 'webhook', neverSent: 7 },
      ],
    );
    assert.equal(await forgetSink(ctx(), 'webhook'), false);
    assert.equal((await world.events()).length, 8);
  });
});

/** It is named by where its files are. */
const { storage } = configOf(smallest);

/** The fingerprint of a configuration. */
function fingerprint(section: string): string {
  return fingerprintOf({ ...configOf(`${smallest}${section}\n`), storage });
}

/** A route with one rule. */
function withRule(rule: string): string {
  return `routes: [{ name: a, path: /**, upstream: "http://10.0.0.1", rules: [${rule}] }]`;
}

describe('the configuration in force', () => {
  test('has the same fingerprint whenever it says the same', () => {
    assert.match(fingerprint(withRule('{}')), /^[0-9a-f]{64}$/);
    assert.equal(fingerprint(withRule('{}')), fingerprint(withRule('{}')));
  });

  // prettier-ignore
  const differences = [
    ['what a rule asks for', withRule('{}'), withRule('{ requires: { level: 1 } }')],
    ['its conditions', withRule('{ when: { path: /a }, effect: deny }'), withRule('{ when: { path: /b }, effect: deny }')],
    ['who is in a tier', 'policy: { tiers: { TIER0: [A] } }', 'policy: { tiers: { TIER0: [B] } }'],
    ['its networks', 'networks: { zone-e: [10.0.0.0/8] }', 'networks: { zone-e: [10.1.0.0/16] }'],
  ] as const;

  for (const [what, one, other] of differences) {
    test(`is told apart by ${what}`, () => {
      assert.notEqual(fingerprint(one), fingerprint(other));
    });
  }

  test('is not told apart by its secrets: nobody can guess at them', () => {
    const [one = '', other = ''] = ['hunter2', 'hunter3'].map((password) =>
      fingerprint(`mail: { smtp: "smtps://a:${password}@localhost", from: a@corp.example }`),
    );
    assert.equal(one, other);
  });

  test('is written down without secrets, and never ends anything when it cannot be', async () => {
    const before = configOf(smallest);
    await noteConfiguration(ctx(), { how: 'reload', before, needsRestart: ['server.listen'] });
    const [event] = (await world.events()).toReversed();
    assert.equal(event?.type, 'settings.changed');
    assert.deepEqual(event?.details['needsRestart'], ['server.listen']);
    const away = { ...world.ctx.stores.audit, appendAll: () => Promise.reject(new Error('full')) };
    await noteConfiguration(
      { ...ctx(), stores: { ...world.ctx.stores, audit: away } },
      { how: 'start' },
    );
    assert.match(lines.join(''), /"level":"error".*could not be written into the trail/);
  });
});

test('what is due once in a while is due at first, and then when the time has passed', () => {
  const isDue = onceIn(3600);
  assert.deepEqual(
    [0, 1, 3599, 3600, 3601, 9000].map((seconds) => isDue(NOON + seconds * 1000)),
    [true, false, false, true, false, true],
  );
});
