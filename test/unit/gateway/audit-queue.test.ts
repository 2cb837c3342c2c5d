/** Denials on their way to the audit chain: in order, not lost, not multiplied, not unbounded. */

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { NewAuditEvent } from '../../../src/core/audit-event.ts';
import { defaultTenant } from '../../../src/core/ids.ts';
import { type AuditQueue, createAuditQueue } from '../../../src/gateway/audit-queue.ts';
import { StoreUnavailable } from '../../../src/stores/types.ts';
import { NOON } from '../../support/fixed-clock.ts';
import { quietLog } from '../../support/quiet-log.ts';

function denied(reason: string): NewAuditEvent {
  return {
    at: NOON,
    type: 'request.denied',
    severity: 'notice',
    actor: 'anonymous',
    subject: null,
    tenant: defaultTenant,
    ip: '203.0.113.9',
    userAgent: null,
    session: null,
    requestId: null,
    details: { reason },
  };
}

describe('the queue of denials', () => {
  let appended: NewAuditEvent[];
  let isDown: boolean;
  let failures: number;
  let queue: AuditQueue;

  beforeEach(() => {
    appended = [];
    isDown = false;
    failures = 0;
    queue = createAuditQueue({
      audit: {
        async appendAll(events) {
          if (isDown) throw new StoreUnavailable('a test');
          appended.push(...events);
        },
      },
      log: quietLog,
      metrics: {
        storeFailed: () => void (failures += 1),
      },
    });
  });

  const reasons = () => appended.map(({ details }) => details['reason']);

  test('appends what it was given, in order and in one go', async () => {
    queue.add(denied('one'), null);
    queue.add(denied('two'), null);
    await queue.flush();
    assert.deepEqual(reasons(), ['one', 'two']);
  });

  test('tells the same denial once, however often it comes', async () => {
    for (let round = 0; round < 1000; round += 1) queue.add(denied('same'), 'same');
    queue.add(denied('other'), 'other');
    await queue.flush();
    assert.deepEqual(reasons(), ['same', 'other']);
  });

  test('keeps what it has while the store is away, and appends it afterwards', async () => {
    isDown = true;
    queue.add(denied('one'), null);
    await queue.flush();
    assert.deepEqual([appended.length, failures], [0, 1]);
    isDown = false;
    queue.add(denied('two'), null);
    await queue.flush();
    assert.deepEqual(reasons(), ['one', 'two']);
  });

  test('is bounded: a flood while the store is away loses events, not memory', async () => {
    isDown = true;
    for (let round = 0; round < 10_100; round += 1) queue.add(denied(String(round)), null);
    isDown = false;
    await queue.flush();
    assert.equal(appended.length, 10_000);
  });
});
