/**
 * `/admin/audit`: who gets in, what they find, and that nobody finds what is another tenant's.
 * Holds G3 and G12 for the pages of the audit trail.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { auditEventTypes, type NewAuditEvent } from '../../../../src/core/audit-event.ts';
import type { RequestId, SessionKey, TenantId } from '../../../../src/core/ids.ts';
import type { Enrolled } from '../../../support/http-verbs.ts';
import { from, openPage, openWatchRoom, type WatchRoom } from '../../../support/watch-room.ts';
import type { WebClient } from '../../../support/web-client.ts';

/** Summer time begins and ends there; midnight is not midnight in UTC. */
const timeZone = 'Europe/Berlin';

let room: WatchRoom;
let carol: Enrolled;
let zed: Enrolled;
before(async () => {
  room = await openWatchRoom({ portal: { timeZone } });
  carol = await room.enter('carol', ['DESK']);
  zed = await room.enter('zed', ['DESK'], 'acme');
});
after(() => room.close());

const acme = 'acme' as TenantId;

const pages = [
  '/admin/audit',
  '/admin/audit/evt_1',
  '/admin/audit/export',
  '/admin/explain',
  '/admin/policy',
];

/** The ids of the events on a page, as the links lead to them. */
function idsOn(body: string): readonly string[] {
  const links = [...body.matchAll(/<a class="name" href="[^"]*\/admin\/audit\/(evt_\w+)"/g)];
  return links.map(([, id = '']) => id);
}

/** Where a link with this text leads, or null. */
function linkOn(body: string, text: string): string | null {
  const link = [...body.matchAll(/<a [^>]*?href="([^"]*)"[^>]*>([^]*?)<\/a>/g)].find(
    ([, , inside = '']) => inside.replaceAll(/<[^>]*>/g, '').trim() === text,
  );
  return link?.[1]?.replaceAll('&amp;', '&') ?? null;
}

async function search(client: WebClient, query: Readonly<Record<string, string>>) {
  return client.visit(`/_mfa/admin/audit?${new URLSearchParams(query).toString()}`);
}

/** Presses the button, or sends what it would send. */
async function check({ client }: Enrolled) {
  const page = await client.open('/_mfa/admin/audit');
  const csrf = /name="csrf" value="([^"]*)"/.exec(page.body)?.[1] ?? '';
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    origin: room.gateway.origin,
  };
  const body = new URLSearchParams({ csrf, action: 'verify' }).toString();
  return client.visit('/_mfa/admin/audit', { method: 'POST', headers, body });
}

async function happenAt(iso: string): Promise<string> {
  return room.happen({ actor: 'tick', at: Date.parse(iso) });
}

/** A page without what differs from one request to the next, or was typed. */
function shape(body: string): string {
  return body.replaceAll(/(?:nonce|value|href)="[^"]*"|req_[\w-]+/g, '');
}

async function found(query: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const answer = await search(carol.client, query);
  assert.equal(answer.status, 200, answer.body);
  return idsOn(answer.body);
}

describe('the pages about what happened, why, and what holds', () => {
  test('ask whoever is not signed in to sign in, and come back', async () => {
    for (const page of pages) {
      const answer = await room.gateway.newClient().visit(`/_mfa${page}`);
      assert.equal(answer.status, 302, page);
      const location = new URL(answer.headers.location ?? '');
      assert.equal(location.pathname, '/_mfa/sign-in');
      assert.equal(new URL(location.searchParams.get('return_to') ?? '').pathname, `/_mfa${page}`);
    }
  });

  test('turn away who has no role', async () => {
    const stan = await room.enter('stan', ['STAFF']);
    for (const page of pages) {
      const answer = await stan.client.visit(`/_mfa${page}`);
      assert.equal(answer.status, 403, page);
      assert.equal(answer.headers['sallyport-response'], 'not-admitted', page);
    }
  });

  test('let in an auditor, who may change nothing', async () => {
    const wanda = await room.enter('wanda', ['WATCH']);
    for (const page of ['/admin/audit', '/admin/explain', '/admin/policy']) {
      await openPage(wanda.client, page);
    }
  });

  test('are out of reach from elsewhere, whoever asks', async () => {
    const zone = await openWatchRoom({ portal: { network: 'zone-e' } });
    try {
      for (const page of pages) {
        const answer = await zone.gateway.newClient().visit(`/_mfa${page}`, from('192.0.2.9'));
        assert.equal(answer.status, 403, page);
        assert.equal(answer.headers['sallyport-response'], 'network-not-allowed', page);
        const inside = await zone.gateway.newClient().visit(`/_mfa${page}`, from('10.20.0.9'));
        assert.equal(inside.status, 302, page);
      }
    } finally {
      await zone.close();
    }
  });
});

describe('the audit trail', () => {
  test('says of every kind of event what happened, in a sentence', async () => {
    const ids = new Map<string, string>();
    for (const type of auditEventTypes) {
      ids.set(await room.happen({ type, actor: 'nora', details: { username: 'pia' } }), type);
    }
    let body = await openPage(carol.client, '/admin/audit?by=nora');
    const sentences = new Map<string, string>();
    for (;;) {
      for (const [, id = '', sentence = ''] of body.matchAll(
        /<a class="name" href="[^"]*\/(evt_\w+)">([^<]*)</g,
      )) {
        sentences.set(id, sentence);
      }
      const older = linkOn(body, 'Older');
      if (older === null) break;
      body = (await carol.client.visit(older)).body;
    }
    assert.deepEqual([...sentences.keys()].toSorted(), [...ids.keys()].toSorted());
    for (const [id, sentence] of sentences) {
      assert.match(sentence, /^[A-Zn].*\.$/, `${String(ids.get(id))}: ${sentence}`);
      assert.doesNotMatch(sentence, /[{}]|undefined|null/, ids.get(id));
    }
  });

  test('shows an event of a version that this one does not know', async () => {
    const type = 'moon.landed' as NewAuditEvent['type'];
    const id = await room.happen({ type, actor: 'neil', severity: 'odd' as 'info' });
    const body = await openPage(carol.client, '/admin/audit?by=neil');
    assert.match(body, />neil: moon\.landed\.</);
    assert.match(await openPage(carol.client, `/admin/audit/${id}`), /moon\.landed/);
  });

  test('is filtered by what the address says, one thing or several', async () => {
    const ben = await room.person('ben', []);
    const other = await room.person('bea', []);
    const at = { subject: ben.id, actor: 'ben' } as const;
    const high = await room.happen({ ...at, type: 'second-factor.locked', severity: 'high' });
    const warning = await room.happen({ ...at, type: 'mfa.disabled', severity: 'warning' });
    const byAddress = await room.happen({ ...at, ip: '2001:db8::7', subject: other.id });
    const requestId = 'req_filtered' as RequestId;
    const session = 'b'.repeat(64) as SessionKey;
    const byRequest = await room.happen({ ...at, requestId, session, actor: 'the-desk' });

    const [made] = await found({ person: 'ben', type: 'user.created' });
    assert.deepEqual(await found({ person: 'ben' }), [byRequest, warning, high, made]);
    assert.deepEqual(await found({ person: ben.id }), [byRequest, warning, high, made]);
    assert.deepEqual(await found({ person: 'BEN', by: 'ben' }), [warning, high]);
    assert.deepEqual(await found({ person: 'ben', severity: 'warning' }), [warning]);
    assert.deepEqual(await found({ person: 'ben', severity: 'warning-up' }), [warning, high]);
    assert.deepEqual(await found({ person: 'ben', type: 'mfa.disabled' }), [warning]);
    assert.deepEqual(await found({ person: 'ben', type: 'second-factor' }), [high]);
    assert.deepEqual(await found({ ip: '2001:0DB8:0:0::7' }), [byAddress]);
    assert.deepEqual(await found({ request: requestId }), [byRequest]);
    assert.deepEqual(await found({ session }), [byRequest]);
    assert.deepEqual(await found({ person: 'bea', by: 'ben' }), [byAddress]);
  });

  test('offers as a file what was looked for', async () => {
    const { body } = await search(carol.client, { person: 'ben', severity: 'warning-up' });
    for (const [label, format] of [
      ['JSON lines', 'jsonl'],
      ['CSV', 'csv'],
      ['CEF', 'cef'],
    ] as const) {
      const link = new URL(linkOn(body, label) ?? assert.fail(label), room.gateway.origin);
      assert.deepEqual(Object.fromEntries(link.searchParams), {
        person: 'ben',
        severity: 'warning-up',
        format,
      });
      assert.equal((await carol.client.visit(link.href)).status, 200);
    }
  });

  test('finds the events of somebody who is gone by their id', async () => {
    const gone = await room.person('gone', []);
    const id = await room.happen({ subject: gone.id, actor: 'gone', type: 'session.signed-in' });
    await room.gateway.composition.flows.stores.users.remove(gone.id);
    assert.equal((await search(carol.client, { person: 'gone' })).status, 422);
    assert.equal((await found({ person: gone.id }))[0], id);
  });

  test('reads times in the zone of the operator, on the days when clocks are changed too', async () => {
    const beforeMidnight = await happenAt('2026-02-28T22:59:59.999Z');
    const midnight = await happenAt('2026-02-28T23:00:00.000Z');
    // 02:30 there, before and after the clock is put back.
    const firstTime = await happenAt('2026-10-25T00:30:00.000Z');
    const secondTime = await happenAt('2026-10-25T01:30:00.000Z');
    const by = 'tick';
    assert.deepEqual(await found({ by, from: '2026-03-01' }), [secondTime, firstTime, midnight]);
    assert.deepEqual(await found({ by, before: '2026-03-01' }), [beforeMidnight]);
    assert.deepEqual(await found({ by, before: '2026-03-01T00:00' }), [beforeMidnight]);
    assert.deepEqual(await found({ by, from: '2026-10-25T02:30' }), [secondTime, firstTime]);
    assert.deepEqual(await found({ by, from: '2026-10-25T02:31' }), [secondTime]);
    const both = { by, from: '2026-10-25T02:00', before: '2026-10-25T03:00' };
    assert.deepEqual(await found(both), [secondTime, firstTime]);
    assert.deepEqual(await found({ by, from: '2026-10-25T01:00:00Z' }), [secondTime]);
    const body = await openPage(carol.client, '/admin/audit?by=tick&from=2026-10-25T01:00:00Z');
    assert.match(body, /name="from"[^>]*value="2026-10-25T02:00"/);
    assert.match(body, /title="25 Oct 2026, 02:30 \(CET\)"/);
  });

  test('is walked through both ways, every event once, though all are of one instant', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 120; count += 1) {
      ids.push(await room.happen({ actor: 'crowd', at: 1_700_000_000_000 }));
    }
    const newestFirst = ids.toReversed();
    const pages: string[] = [await openPage(carol.client, '/admin/audit?by=crowd')];
    for (;;) {
      const older = linkOn(pages.at(-1) ?? '', 'Older');
      if (older === null) break;
      pages.push((await carol.client.visit(older)).body);
    }
    assert.deepEqual(
      pages.map((body) => idsOn(body).length),
      [50, 50, 20],
    );
    assert.deepEqual(pages.flatMap(idsOn), newestFirst);

    const second = await carol.client.visit(linkOn(pages[2] ?? '', 'Newer') ?? '');
    assert.deepEqual(idsOn(second.body), newestFirst.slice(50, 100));
    const first = await carol.client.visit(linkOn(second.body, 'Newer') ?? '');
    assert.deepEqual(idsOn(first.body), newestFirst.slice(0, 50));
    const newest = await carol.client.visit(linkOn(pages[2] ?? '', 'Newest') ?? '');
    assert.deepEqual(idsOn(newest.body), newestFirst.slice(0, 50));

    // Two more came: the page of the newest is a full one all the same.
    const late = [await room.happen({ actor: 'crowd' }), await room.happen({ actor: 'crowd' })];
    const again = await carol.client.visit(linkOn(second.body, 'Newer') ?? '');
    const upTo = await carol.client.visit(
      linkOn(again.body, 'Newer') ?? linkOn(again.body, 'Newest') ?? '',
    );
    assert.deepEqual(idsOn(upTo.body), [...late.toReversed(), ...newestFirst].slice(0, 50));
  });

  test('says what is wrong with an address that cannot be read', async () => {
    const wrong: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
      [{ type: 'nope' }, /There is no such kind of event/],
      [{ type: '__proto__' }, /There is no such kind of event/],
      [{ severity: 'awful' }, /There is no such severity/],
      [{ severity: 'high-up-up' }, /There is no such severity/],
      [{ from: 'yesterday' }, /The beginning is no day or time/],
      [{ from: '2026-02-30' }, /The beginning is no day or time/],
      [{ before: '2026-13-01T00:00' }, /The end is no day or time/],
      [{ from: '2026-03-02', before: '2026-03-01' }, /The end lies before the beginning/],
      [{ ip: '10.20.0.300' }, /That is no IP address/],
      [{ ip: '<script>' }, /That is no IP address/],
      [{ person: 'nobody-at-all' }, /There is nobody of that name here/],
      [{ person: 'x'.repeat(201) }, /too long for a username/],
      [{ request: 'x'.repeat(201) }, /too long for the id of a request/],
      [{ after: 'evt_0000' }, /The place where this page began is gone/],
      [{ newer: 'nonsense' }, /The place where this page began is gone/],
      [{ after: '\0' }, /The place where this page began is gone/],
      [{ person: '\0' }, /There is nobody of that name here/],
    ];
    for (const [query, words] of wrong) {
      const answer = await search(carol.client, query);
      assert.equal(answer.status, 422, JSON.stringify(query));
      assert.equal(answer.headers['sallyport-response'], 'validation-failed');
      assert.match(answer.body, words, JSON.stringify(query));
      assert.doesNotMatch(answer.body, /<script>/);
    }
    // What fits nothing but could, is found nowhere.
    assert.deepEqual(await found({ by: '\0', request: '%00' }), []);
  });

  test('keeps what was typed where it is wrong', async () => {
    const answer = await search(carol.client, { person: 'ben', type: 'reset', ip: 'here' });
    assert.equal(answer.status, 422);
    assert.match(answer.body, /name="person"[^>]*value="ben"/);
    assert.match(answer.body, /name="ip"[^>]*value="here"/);
    assert.match(answer.body, /<option value="reset" selected>/);
    assert.match(answer.body, /<a href="#ip">/);
  });

  test('says what would stand there when there is nothing', async () => {
    const body = await openPage(carol.client, '/admin/audit?by=nobody-did-this');
    assert.match(body, /No event fits/);
    assert.doesNotMatch(body, /audit\/export/);
  });

  test('shows what strangers wrote as text', async () => {
    const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(1)>{actor}`;
    const id = await room.happen({
      type: 'request.denied',
      actor: hostile,
      userAgent: `${hostile}${'A'.repeat(100_000)}`,
      ip: hostile,
      requestId: hostile as RequestId,
      session: hostile as SessionKey,
      details: { method: hostile, host: hostile, path: `/${hostile}`, [hostile]: hostile },
    });
    const pages = [
      await openPage(carol.client, '/admin/audit'),
      await openPage(carol.client, `/admin/audit/${id}`),
      (await carol.client.visit(`/_mfa/admin/explain?event=${id}`)).body,
      (await search(carol.client, { person: hostile, by: hostile, ip: hostile, type: hostile }))
        .body,
    ];
    for (const body of pages) {
      assert.doesNotMatch(body, /<script>alert|<img/);
      assert.match(body, /&lt;script&gt;alert/);
    }
    assert.ok((pages[0] ?? '').length < 200_000, 'a list repeats no long text');
  });
});

describe('an event by its address', () => {
  test('is shown whole, with its hashes and what happened around it', async () => {
    const pat = await room.person('pat', []);
    const session = 'c'.repeat(64) as SessionKey;
    const requestId = 'req_neighbours' as RequestId;
    const around = { subject: pat.id, actor: 'pat', session } as const;
    const earlier = await room.happen({ ...around, type: 'session.signed-in' });
    const together = await room.happen({ ...around, requestId, session: null, actor: 'system' });
    const id = await room.happen({ ...around, requestId, type: 'recovery-code.used' });
    const later = await room.happen({ ...around, type: 'session.signed-out' });

    const body = await openPage(carol.client, `/admin/audit/${id}`);
    assert.match(body, /<h1>pat used a recovery code\.<\/h1>/);
    const [, text = ''] = /<pre[^>]*><code>([^]*?)<\/code>/.exec(body) ?? [];
    const document = JSON.parse(text.replaceAll('&quot;', '"')) as Record<string, unknown>;
    assert.equal(document['id'], id);
    assert.match(String(document['hash']), /^[0-9a-f]{64}$/);
    assert.match(String(document['previous_hash']), /^[0-9a-f]{64}$/);

    const [, ofRequest = '', inSession = '', aboutPerson = ''] = body.split('class="table"');
    assert.deepEqual(idsOn(ofRequest), [together]);
    assert.deepEqual(idsOn(inSession), [later, earlier]);
    assert.deepEqual(idsOn(aboutPerson).slice(0, 3), [later, together, earlier]);
  });

  test('is not found when there is none', async () => {
    for (const id of ['evt_0', 'nonsense', '%00', 'evt_%3Cscript%3E']) {
      const answer = await carol.client.visit(`/_mfa/admin/audit/${id}`);
      assert.ok([404, 400].includes(answer.status), `${id}: ${String(answer.status)}`);
      assert.doesNotMatch(answer.body, /<script>(?!$)/);
    }
  });
});

describe('the trail of another tenant', () => {
  test('is out of reach by search, id, place and export', async () => {
    const ben = await room.person('ben', []);
    const secret = await room.happen({ actor: 'ben', subject: ben.id, ip: '198.51.100.77' });
    const theirs = await room.happen({ tenant: acme, actor: 'zed', ip: '198.51.100.77' });

    const own = await openPage(zed.client, '/admin/audit?ip=198.51.100.77');
    assert.deepEqual(idsOn(own), [theirs]);
    assert.deepEqual(await found({ ip: '198.51.100.77' }), [secret]);

    const nobody = await search(zed.client, { person: 'nobody-at-all' });
    const stranger = await search(zed.client, { person: 'ben' });
    assert.equal(stranger.status, nobody.status);
    assert.equal(shape(stranger.body), shape(nobody.body));

    const byId = await openPage(zed.client, `/admin/audit?person=${ben.id}`);
    assert.deepEqual(idsOn(byId), []);
    assert.equal((await zed.client.visit(`/_mfa/admin/audit/${secret}`)).status, 404);
    assert.equal((await search(zed.client, { after: secret })).status, 422);
    assert.equal((await search(zed.client, { newer: secret })).status, 422);
    const exported = await zed.client.visit('/_mfa/admin/audit/export?format=jsonl');
    assert.equal(exported.status, 200);
    assert.doesNotMatch(exported.body, new RegExp(secret));
    for (const line of exported.body.trimEnd().split('\n')) {
      assert.equal((JSON.parse(line) as { tenant: string }).tenant, 'acme');
    }
  });

  test('is never named by an event that is', async () => {
    // An event of one tenant about a person of another: the name is not looked up.
    const ben = await room.person('ben', []);
    const id = await room.happen({
      tenant: acme,
      type: 'user.disabled',
      actor: 'system',
      subject: ben.id,
    });
    const body = await openPage(zed.client, `/admin/audit/${id}`);
    assert.match(body, /switched the account somebody off/);
    assert.doesNotMatch(body, />ben</);
  });
});

describe('the chain', () => {
  test('is checked by those who run the installation', async () => {
    const answer = await check(carol);
    assert.equal(answer.status, 200, answer.body);
    assert.match(answer.body, /The chain is whole\. \d+ events were checked\./);
  });

  test('names the event where it is broken', async () => {
    const id = await room.happen({ actor: 'forged' });
    const { db } = room.gateway.composition.database;
    await db.updateTable('audit_events').set({ actor: 'framed' }).where('id', '=', id).execute();
    const answer = await check(carol);
    await db.updateTable('audit_events').set({ actor: 'forged' }).where('id', '=', id).execute();
    assert.match(
      answer.body,
      new RegExp(`The chain is broken at ${id}: This event was changed\\.`),
    );
    assert.match((await check(carol)).body, /The chain is whole/);
  });

  test('is not for other tenants, who are offered no button either', async () => {
    assert.doesNotMatch(await openPage(zed.client, '/admin/audit'), /Check it now/);
    const answer = await check(zed);
    assert.equal(answer.status, 403);
    assert.equal(answer.headers['sallyport-response'], 'not-permitted');
  });
});

describe('after a while', () => {
  test('each of these pages asks whose proof is old to confirm again, and come back', async () => {
    room.clock.advance(11 * 60);
    for (const page of pages) {
      const answer = await carol.client.visit(`/_mfa${page}?type=reset`);
      assert.equal(answer.status, 302, page);
      const location = new URL(answer.headers.location ?? '');
      assert.equal(location.pathname, '/_mfa/step-up');
      const back = new URL(location.searchParams.get('return_to') ?? '');
      assert.equal(back.pathname + back.search, `/_mfa${page}?type=reset`);
    }
  });
});
