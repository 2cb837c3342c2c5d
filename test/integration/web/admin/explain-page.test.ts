/**
 * `/admin/explain`: what it says is what the gateway does. Every case of a grid is asked of the
 * page and of the real door, by the same person with the same session.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Decision } from '../../../../src/core/policy/decision.ts';
import type { Reason } from '../../../../src/core/policy/reasons.ts';
import { type Enrolled, stepUp } from '../../../support/http-verbs.ts';
import { from, openWatchRoom, type WatchRoom } from '../../../support/watch-room.ts';
import type { Answer, WebClient } from '../../../support/web-client.ts';

let room: WatchRoom;
let carol: Enrolled;
let wes: Enrolled;
before(async () => {
  room = await openWatchRoom();
  carol = await room.enter('carol', ['DESK']);
  wes = await room.enter('wes', ['STAFF']);
});
after(() => room.close());

async function ask(
  query: Readonly<Record<string, string>>,
  client: WebClient = carol.client,
): Promise<{ readonly status: number; readonly body: string }> {
  return client.visit(`/_mfa/admin/explain?${new URLSearchParams(query).toString()}`);
}

/** `deny · not-admitted · console#3`, as the page has it. */
function verdictOn(body: string): readonly string[] {
  const codes = [...body.matchAll(/<p class="hint"><code>([^<]*)<\/code><\/p>/g)];
  assert.equal(codes.length, 1, body);
  return (codes[0]?.[1] ?? '').split(' · ');
}

/** What the door answers to a navigation for each decision (contract section 4). */
const responses: Readonly<Record<Exclude<Decision['kind'], 'allow' | 'deny'>, string>> = {
  remind: 'enrollment-due-soon',
  'sign-in': 'not-signed-in',
  challenge: 'second-factor-required',
  'step-up': 'step-up-required',
  enroll: 'enrollment-required',
};

/** A page without what differs from one request to the next, or was typed. */
function shape(body: string): string {
  return body.replaceAll(/(?:nonce|value)="[^"]*"|req_[\w-]+/g, '');
}

/** What the door did, in the words of decisions. */
function kindOf(answer: Answer): string {
  // What the upstream answered has no such header; our own pages say ok.
  const code = answer.headers['sallyport-response'];
  if (typeof code !== 'string' || code === 'ok') return 'allow';
  const kind = Object.entries(responses).find(([, response]) => response === code)?.[0];
  return kind ?? `deny ${code}`;
}

/** The key of the session that a person has now. */
async function sessionOf(username: string): Promise<string> {
  const { flows } = room.gateway.composition;
  const user = await flows.stores.users.findByUsername(username);
  assert.ok(user !== null);
  const [session] = await flows.sessions.listOfUser(user.id, room.clock.now());
  assert.ok(session !== undefined);
  return `session:${session.key}`;
}

const targets = [
  ['GET', '/plain/a'],
  ['GET', '/zone/a'],
  ['GET', '/console/assets/x.js'],
  ['GET', '/console/old/x'],
  ['GET', '/console/x?q=1'],
  ['POST', '/console/x'],
  ['DELETE', '/console/x'],
  ['PUT', '/console/x'],
  ['GET', '/console/zed/x'],
  ['GET', '/keys/x'],
  ['GET', '/nowhere/x'],
  ['GET', '/CONSOLE/x'],
  ['GET', '/plain/a%2fb'],
  ['GET', '/_mfa/admin/audit'],
  ['TRACE', '/plain/a'],
] as const;

describe('the explanation', () => {
  test('says of every case what the door does', async () => {
    const addresses = ['127.0.0.1', '10.20.0.9', '192.0.2.9'];
    const people = [
      ['nobody', null, room.gateway.newClient()],
      ['wes', 'wes', wes.client],
      ['carol', 'carol', carol.client],
    ] as const;
    let compared = 0;
    for (const [who, person, client] of people) {
      for (const [method, target] of targets) {
        for (const ip of addresses) {
          const what = `${who} ${method} ${target} from ${ip}`;
          const done = await client.visit(target, { method, ...navigating(from(ip)) });
          const session = person === null ? {} : { person, proved: await sessionOf(person) };
          const { status, body } = await ask({ method, url: target, ip, ...session });
          assert.equal(status, 200, what);
          assert.equal(explainedKind(verdictOn(body)), kindOf(done), what);
          compared += 1;
        }
      }
    }
    assert.equal(compared, people.length * targets.length * addresses.length);
  });

  test('goes on agreeing as proofs grow old', async () => {
    for (const minutes of [4, 2, 5]) {
      room.clock.advance(minutes * 60);
      for (const [method, target] of [
        ['GET', '/console/x'],
        ['POST', '/console/x'],
        ['GET', '/plain/a'],
      ] as const) {
        const done = await wes.client.visit(target, { method, ...navigating(from('127.0.0.1')) });
        const proved = await sessionOf('wes');
        const fresh = await openedAnew();
        const { body } = await ask({ method, url: target, person: 'wes', proved }, fresh);
        assert.equal(explainedKind(verdictOn(body)), kindOf(done), `${method} ${target}`);
      }
    }
  });

  test('of a person without a session supposes the password, and says so', async () => {
    const { body } = await ask({ url: '/plain/a', person: 'wes' }, await openedAnew());
    assert.deepEqual(verdictOn(body), ['challenge', 'second-factor-required', 'plain#1']);
    assert.match(body, /the password was proved just now/);
  });

  test('takes proofs in words, which say more than what was picked', async () => {
    const client = await openedAnew();
    const asked = { url: '/console/x', person: 'wes', proved: 'password,totp' };
    assert.deepEqual(verdictOn((await ask(asked, client)).body)[0], 'allow');
    const old = await ask({ ...asked, proofs: 'password@2h, totp@2h' }, client);
    assert.deepEqual(verdictOn(old.body).slice(0, 2), ['step-up', 'proof-too-old']);
  });

  test('supposes somebody in groups', async () => {
    const client = await openedAnew();
    const asked = { method: 'POST', url: '/console/x', proved: 'password,totp' };
    const staff = await ask({ ...asked, groups: 'STAFF' }, client);
    assert.deepEqual(verdictOn(staff.body).slice(0, 2), ['deny', 'not-admitted']);
    assert.match(staff.body, /Be among those whom console#3 admits: group DESK\./);
    const desk = await ask({ ...asked, groups: 'STAFF, DESK' }, client);
    assert.equal(verdictOn(desk.body)[0], 'allow');
  });

  test('shows the trace as a table, hit or miss in words too', async () => {
    const { body } = await ask(
      { method: 'POST', url: '/console/x', person: 'wes', proved: 'password,totp' },
      await openedAnew(),
    );
    assert.match(
      body,
      /<span class="sr">Not met: <\/span><\/span>Who is admitted<\/th>\s*<td data-label="Wants">group DESK<\/td>/,
    );
    assert.match(body, /<span class="sr">Met: <\/span><\/span>Session</);
    assert.match(body, /<span class="sr">Not looked at: <\/span><\/span>Proof</);
    assert.match(body, /<h3>What would let it pass<\/h3>/);
  });
});

/** Somebody at the desk whose proof is of now. */
async function openedAnew(): Promise<WebClient> {
  const page = await carol.client.open('/_mfa/admin/explain');
  if (page.url.pathname.endsWith('/admin/explain')) return carol.client;
  await stepUp(page, carol, room.clock);
  return carol.client;
}

function navigating({ headers }: ReturnType<typeof from>) {
  return { headers: { ...headers, accept: 'text/html', 'sec-fetch-mode': 'navigate' } };
}

/** What the page says, in the words of `kindOf`. */
function explainedKind([kind, reason]: readonly string[]): string {
  if (kind === 'deny') return `deny ${String(reason)}`;
  return kind === undefined || ['invalid-request-target', 'method-not-allowed'].includes(kind)
    ? `deny ${String(kind)}`
    : kind;
}

describe('a question that cannot be read', () => {
  test('is shown again with what is wrong, at its field', async () => {
    const client = await openedAnew();
    for (const [query, field, words] of [
      [{ url: 'nowhere' }, 'url', /That is no address of a page/],
      [{ url: 'http://[/x' }, 'url', /That is no address of a page/],
      [{ url: '/plain/a', method: 'FETCH' }, 'method', /There is no such method/],
      [{ url: '/plain/a', ip: '10.20.0.999' }, 'ip', /That is no IP address/],
      [{ url: '/plain/a', person: 'nobody-at-all' }, 'person', /There is nobody of that name/],
      [{ url: '/plain/a', person: 'wes', groups: 'A' }, 'groups', /Keep one/],
      [{ url: '/plain/a', proofs: 'fax' }, 'proofs', /“fax” is no way to prove something/],
      [{ url: '/plain/a', proofs: 'totp@often' }, 'proofs', /has no age that can be read/],
      [{ url: '/plain/a', proofs: ',' }, 'proofs', /No proof is written there/],
      [{ url: '/plain/a', person: 'wes', proved: 'session:x' }, 'proved', /That session has ended/],
      [{ url: '/plain/a', proved: 'fax' }, 'proved', /is no way to prove something/],
    ] as const) {
      const { status, body } = await ask(query, client);
      assert.equal(status, 422, JSON.stringify(query));
      assert.match(body, words);
      assert.match(body, new RegExp(`<a href="#${field}">`), JSON.stringify(query));
      assert.match(body, new RegExp(`id="${field}"`));
    }
  });

  test('shows what was written as text', async () => {
    const hostile = `"'><script>alert(1)</script>`;
    const names = ['method', 'url', 'person', 'groups', 'ip', 'proved', 'proofs', 'event'];
    const client = await openedAnew();
    for (const name of names) {
      const { body } = await ask({ url: '/plain/a', [name]: hostile }, client);
      assert.doesNotMatch(body, /<script>alert/, name);
    }
  });
});

describe('an explanation that begins with an event', () => {
  test('asks the same of now, with the session while it lives, and says so', async () => {
    const client = await openedAnew();
    const { flows } = room.gateway.composition;
    const user = await flows.stores.users.findByUsername('wes');
    assert.ok(user !== null);
    const [session] = await flows.sessions.listOfUser(user.id, room.clock.now());
    const denied = {
      type: 'request.denied',
      severity: 'notice',
      actor: 'wes',
      subject: user.id,
      session: session?.key ?? null,
      ip: '10.20.0.9',
      details: {
        door: 'http',
        method: 'POST',
        host: '127.0.0.1',
        path: '/console/x',
        route: 'console',
        rule: 'console#3',
        reason: 'not-admitted',
      },
    } as const;
    const event = await room.happen(denied);
    const { status, body } = await ask({ event }, client);
    assert.equal(status, 200);
    assert.deepEqual(verdictOn(body), ['deny', 'not-admitted', 'console#3']);
    assert.match(body, /wes was refused POST 127\.0\.0\.1\/console\/x/);
    assert.match(body, /Then, on .*: The rule admits others, not this person\./);
    assert.match(body, /decided anew, with the rules and the person as they are now/);
    assert.match(body, new RegExp(`name="url"[^>]*value="${room.gateway.origin}/console/x"`));
    assert.match(body, /name="person"[^>]*value="wes"/);
    assert.match(body, /name="ip"[^>]*value="10\.20\.0\.9"/);
    assert.match(body, /<option value="session:[0-9a-f]+" selected>/);

    await flows.stores.users.setGroups(user.id, ['STAFF', 'DESK']);
    const now = await ask({ event }, client);
    await flows.stores.users.setGroups(user.id, ['STAFF']);
    assert.notEqual(verdictOn(now.body)[1], 'not-admitted');
  });

  test('is of nobody when the person is gone, and of the host and path as they were', async () => {
    const client = await openedAnew();
    const gone = await room.person('vera', []);
    const event = await room.happen({
      type: 'request.denied',
      actor: 'vera',
      subject: gone.id,
      details: { method: 'GET', host: '127.0.0.1', path: `/plain/${'a'.repeat(505)}`, reason: 'x' },
    });
    await room.gateway.composition.flows.stores.users.remove(gone.id);
    const { body } = await ask({ event }, client);
    assert.match(body, /The person is gone; nobody is signed in below/);
    assert.match(body, /The address was long and is kept only in part/);
    assert.deepEqual(verdictOn(body)[0], 'sign-in');
  });

  test('leads from a refusal at the real door to its explanation', async () => {
    const client = await openedAnew();
    await room.gateway.newClient().visit('/zone/secret', from('192.0.2.44'));
    const { stores } = room.gateway.composition.flows;
    let event = null;
    // Refusals are written a moment after they are answered (gateway/audit-queue.ts).
    for (let tries = 0; event === null && tries < 100; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const events = await Array.fromAsync(stores.audit.read({ since: null }));
      event =
        events.find(({ ip, type }) => ip === '192.0.2.44' && type === 'request.denied') ?? null;
    }
    assert.ok(event !== null);
    const page = await client.visit(`/_mfa/admin/audit/${event.id}`);
    const link = new RegExp(`href="([^"]*/admin/explain\\?event=${event.id})"`).exec(
      page.body,
    )?.[1];
    const explained = await client.visit(link ?? assert.fail(page.body));
    assert.deepEqual(verdictOn(explained.body), ['deny', 'network-not-allowed' satisfies Reason]);
    assert.match(explained.body, /Come from an address in zone-e \(10\.20\.0\.0\/24\)\./);
  });

  test('is refused with words for events that are about no request, or not here', async () => {
    const client = await openedAnew();
    const event = await room.happen({ type: 'session.signed-in' });
    const about = await ask({ event }, client);
    assert.equal(about.status, 422);
    assert.match(about.body, /That event is about no request/);
    assert.doesNotMatch(
      (await client.visit(`/_mfa/admin/audit/${event}`)).body,
      /admin\/explain\?event/,
    );
    const none = await ask({ event: 'evt_0' }, client);
    assert.equal(none.status, 422);
    assert.match(none.body, /There is no such event here/);
  });
});

describe('an administrator of another tenant', () => {
  test('is told of their own people and nobody else, by no way of asking', async () => {
    const zed = await room.enter('zed', ['DESK'], 'acme');
    const url = '/console/zed/x';
    const own = await ask({ url, person: 'zed', proved: 'password,totp' }, zed.client);
    assert.equal(verdictOn(own.body)[0], 'allow', 'the rule that names them admits them');
    assert.match(own.body, /user zed/);

    const stranger = await ask({ url, person: 'wes' }, zed.client);
    const nobody = await ask({ url, person: 'nobody-at-all' }, zed.client);
    assert.equal(stranger.status, 422);
    assert.equal(shape(stranger.body), shape(nobody.body));

    const proved = await sessionOf('wes');
    assert.equal((await ask({ url, person: 'wes', proved }, zed.client)).status, 422);
    const theirs = await ask({ url, person: 'zed', proved }, zed.client);
    assert.equal(theirs.status, 422);
    assert.match(theirs.body, /That session has ended, or is not theirs/);

    const event = await room.happen({
      type: 'request.denied',
      details: { method: 'GET', host: '127.0.0.1', path: '/secret/plan', reason: 'not-admitted' },
    });
    const foreign = await ask({ event }, zed.client);
    assert.equal(foreign.status, 422);
    assert.doesNotMatch(foreign.body, /secret\/plan/);
  });

  test('is told of no upstream, and of no name in the rules that is not their own', async () => {
    const yves = await room.enter('yves', ['DESK'], 'other');
    const { body } = await ask(
      { url: '/console/zed/x', person: 'yves', proved: 'password,totp' },
      yves.client,
    );
    assert.deepEqual(verdictOn(body).slice(0, 2), ['deny', 'not-admitted']);
    assert.doesNotMatch(body, /\bzed\b(?!\/)/, 'zed is of another tenant');
    assert.doesNotMatch(body, new RegExp(room.upstream.origin.replace(/^http:\/\//, '')));
  });
});
