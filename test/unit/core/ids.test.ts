/** Identifiers say what they name, and audit events sort by their instant. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditEventIdFrom, idBytes, idFrom } from '../../../src/core/ids.ts';
import { NOON } from '../../support/builders.ts';

describe('idFrom', () => {
  test('begins with what it names', () => {
    const bytes = Buffer.alloc(idBytes, 0xff);

    assert.equal(idFrom('user', bytes), 'usr_________________');
    assert.equal(idFrom('request', Buffer.alloc(idBytes)), 'req_AAAAAAAAAAAAAAAA');
  });
});

describe('auditEventIdFrom', () => {
  test('sorts by instant', () => {
    const instants = [0, 1, NOON, NOON + 1, NOON * 2];
    const ids = instants.map((at) => auditEventIdFrom(at, Buffer.alloc(idBytes)));

    assert.deepEqual([...ids].sort(), ids);
    assert.match(ids[0] ?? '', /^evt_0{9}/);
  });
});
