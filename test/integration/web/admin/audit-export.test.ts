/**
 * `/admin/audit/export`: a tenant's events as a file. That they were taken is in the trail before
 * the first of them is out (G12), and whoever loses the right to read stops reading (G10).
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AuditEvent } from '../../../../src/core/audit-event.ts';
import type { TenantId } from '../../../../src/core/ids.ts';
import { Problem } from '../../../../src/core/problem.ts';
import type { Administrator } from '../../../../src/flows/admin/administrator.ts';
import { everyEvent } from '../../../../src/flows/admin/audit-search.ts';
import { exportAudit, exportsMax } from '../../../../src/flows/admin/export-audit.ts';
import { setDisabled, setGroups } from '../../../../src/flows/admin/users.ts';
import { StoreUnavailable } from '../../../../src/stores/types.ts';
import { aNewEvent } from '../../../support/audit-events.ts';
import { openWorld, visit, type World } from '../../../support/flow-world.ts';
import type { Enrolled } from '../../../support/http-verbs.ts';
import { freshSession, newPerson, officePolicy } from '../../../support/reset-office.ts';
import { openWatchRoom, type WatchRoom } from '../../../support/watch-room.ts';

let room: WatchRoom;
let carol: Enrolled;
before(async () => {
  room = await openWatchRoom();
  carol = await room.enter('carol', ['DESK']);
});
after(() => room.close());

async function trail(): Promise<readonly AuditEvent[]> {
  return Array.fromAsync(room.gateway.composition.flows.stores.audit.read({ since: null }));
}

async function exported(query: string) {
  return carol.client.visit(`/_mfa/admin/audit/export?${query}`);
}

/** The cells of CSV as RFC 4180 has them. */
function cellsOf(csv: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
    if (quoted === undefined && plain === '' && end === '' && rows.at(-1)?.length === 0) break;
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === '\n') rows.push([]);
  }
  return rows.filter((row) => row.length > 0);
}

describe('the export of the audit trail', () => {
  test('holds in each format what was looked for, oldest first, and nothing else', async () => {
    const hostile = '=cmd|"a",\n1;{}\u2028';
    const first = await room.happen({ actor: 'exported', details: { name: hostile } });
    const second = await room.happen({ actor: 'exported', ip: '2001:db8::1' });
    await room.happen({ actor: 'exported', tenant: 'acme' as TenantId });
    room.clock.advance(1);

    const jsonl = await exported('format=jsonl&by=exported');
    assert.equal(jsonl.status, 200, jsonl.body);
    assert.match(
      jsonl.headers['content-disposition'] ?? '',
      /^attachment; filename="audit-\d{4}-\d{2}-\d{2}\.jsonl"$/,
    );
    assert.equal(jsonl.headers['x-content-type-options'], 'nosniff');
    assert.equal(jsonl.headers['cache-control'], 'no-store');
    const documents = jsonl.body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      documents.map(({ id }) => id),
      [first, second],
    );
    assert.deepEqual(documents[0]?.['details'], { name: hostile });

    const csv = await exported('format=csv&by=exported');
    assert.match(csv.headers['content-type'] ?? '', /^text\/csv/);
    const [head = [], ...rows] = cellsOf(csv.body);
    const column = head.indexOf('id');
    assert.deepEqual(
      rows.map((row) => row[column]),
      [first, second],
    );
    assert.ok(rows.every((row) => row.length === head.length));

    const cef = await exported('format=cef&by=exported');
    assert.match(cef.headers['content-type'] ?? '', /^text\/plain/);
    const lines = cef.body.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => /externalId=(\S+)/.exec(line)?.[1]),
      [first, second],
    );
    assert.ok(lines.every((line) => line.startsWith('CEF:0|Sallyport|')));
  });

  test('is in the trail before its first byte is out, and not in itself', async () => {
    const person = await room.person('ben', []);
    room.clock.advance(1);
    const answer = await exported('format=csv&person=ben&from=2026-03-01');
    assert.equal(answer.status, 200);
    const event = (await trail()).at(-1);
    assert.equal(event?.type, 'audit.exported');
    assert.equal(event.actor, 'carol');
    assert.deepEqual(event.details, {
      format: 'csv',
      person: 'ben',
      since: '2026-03-01T00:00:00.000Z',
    });
    assert.match(answer.body, new RegExp(person.id));
    assert.doesNotMatch(answer.body, /audit\.exported/);
  });

  test('does not begin when it cannot be written into the trail', async () => {
    const { stores } = room.gateway.composition.flows;
    const whole = Object.getOwnPropertyDescriptor(stores, 'transaction');
    assert.ok(whole !== undefined);
    Object.defineProperty(stores, 'transaction', {
      ...whole,
      value: async () => Promise.reject(new StoreUnavailable('The database')),
    });
    try {
      const answer = await exported('format=jsonl');
      assert.equal(answer.status, 503);
      assert.doesNotMatch(answer.body, /evt_/);
    } finally {
      Object.defineProperty(stores, 'transaction', whole);
    }
  });

  test('says with HEAD what would come, takes nothing and is not written down', async () => {
    const known = (await trail()).length;
    const answer = await carol.client.visit('/_mfa/admin/audit/export?format=csv', {
      method: 'HEAD',
    });
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-disposition'] ?? '', /\.csv"$/);
    assert.equal((await trail()).length, known);
  });

  test('is refused with words where the address cannot be read', async () => {
    const known = (await trail()).length;
    for (const [query, words] of [
      ['format=xlsx', /There is no such format/],
      ['format=__proto__', /There is no such format/],
      ['type=nope', /There is no such kind of event/],
      ['person=nobody-at-all', /There is nobody of that name here/],
      ['ip=x', /That is no IP address/],
      ['from=2026-03-02&before=2026-03-01', /The end lies before the beginning/],
    ] as const) {
      const answer = await exported(query);
      assert.equal(answer.status, 422, query);
      assert.match(answer.body, words);
    }
    assert.equal((await trail()).length, known, 'nothing was taken, nothing is written down');
  });
});

describe('an export under way', () => {
  let world: World;
  let admin: Administrator;
  before(async () => {
    world = await openWorld({ config: { policy: officePolicy() } });
    const rita = await newPerson(world, 'rita', ['AUDITORS']);
    admin = { session: await freshSession(world, rita), visit: visit() };
    const events = Array.from({ length: 1200 }, () => aNewEvent());
    await world.ctx.stores.audit.appendAll(events);
    world.clock.advance(1);
  });
  after(() => world.close());

  const begin = async () => {
    const answer = await exportAudit(world.ctx, admin, everyEvent, 'jsonl');
    assert.ok(answer.ok);
    return answer.chunks[Symbol.asyncIterator]();
  };

  test('reads on no faster than it is read, and ends', async () => {
    const chunks = await begin();
    let events = 0;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      events += next.value.split('\n').length - 1;
    }
    assert.ok(events >= 1200, String(events));
  });

  test('is one of a few at once, whether the others are read on or left', async () => {
    const all = await Promise.all(Array.from({ length: exportsMax }, begin));
    await assert.rejects(begin, (error) => error instanceof Problem && error.code === 'too-busy');
    for (const chunks of all) await chunks.return?.();
    await (await begin()).return?.();
  });

  test('of many that begin in one instant lets no more than a few read', async () => {
    const results = await Promise.allSettled(Array.from({ length: exportsMax * 3 }, begin));
    const begun = results.flatMap((result) =>
      result.status === 'fulfilled' ? [result.value] : [],
    );
    assert.equal(begun.length, exportsMax);
    for (const chunks of begun) await chunks.return?.();
  });

  for (const [what, change] of [
    ['is disabled', () => setDisabled(world.ctx, { username: 'rita', isDisabled: true })],
    ['loses the role', () => setGroups(world.ctx, { username: 'rita', groups: [] })],
  ] as const) {
    test(`ends within a second when whoever reads ${what}`, async () => {
      const chunks = await begin();
      await chunks.next();
      const answer = await change();
      assert.ok(answer.ok);
      world.clock.advance(1);
      await assert.rejects(
        async () => {
          for (let next = await chunks.next(); next.done !== true; next = await chunks.next());
        },
        (error) =>
          error instanceof Problem && ['not-signed-in', 'not-permitted'].includes(error.code),
      );
      await setDisabled(world.ctx, { username: 'rita', isDisabled: false });
      await setGroups(world.ctx, { username: 'rita', groups: ['AUDITORS'] });
      const person = await world.ctx.stores.users.findByUsername('rita');
      assert.ok(person !== null);
      admin = { session: await freshSession(world, person.id), visit: visit() };
    });
  }

  test('is not begun with a proof that is old', async () => {
    world.clock.advance(3600);
    await assert.rejects(
      begin,
      (error) => error instanceof Problem && error.code === 'step-up-required',
    );
  });
});
