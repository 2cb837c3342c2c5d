/**
 * Who comes in to the administration, page by page and role by role, from inside its network and
 * from outside; and that whoever does not is written down (G2, G3, G8).
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type AdminPermission,
  type AdminRole,
  mayAdminister,
} from '../../../../src/core/policy/administration.ts';
import { endpoints } from '../../../../src/web/endpoints.ts';
import { fileNamed } from '../../../support/source-files.ts';
import { type Enrolled, nextCode } from '../../../support/http-verbs.ts';
import { passwordOf } from '../../../support/start-gateway.ts';
import { from, openWatchRoom, type WatchRoom } from '../../../support/watch-room.ts';
import type { WebClient } from '../../../support/web-client.ts';

const rows = endpoints.filter(({ who }) => who === 'administrator');
const permissionOf = (row: (typeof rows)[number]): AdminPermission => {
  assert.ok(row.permission !== null, row.path);
  return row.permission;
};

const groupOf = {
  admin: 'DESK',
  manager: 'MANAGERS',
  'security-owner': 'OWNERS',
  auditor: 'WATCH',
} as const satisfies Partial<Record<AdminRole, string>>;
const roles = Object.keys(groupOf) as readonly (keyof typeof groupOf)[];
/** The policy's `reset_policy.allowed_roles` of the room. */
const roleGroups = {
  admin: ['DESK'],
  manager: ['MANAGERS'],
  'security-owner': ['OWNERS'],
  'reset-executor': ['DESK'],
  auditor: ['WATCH'],
};

let room: WatchRoom;
let nobody: Enrolled;
const people = new Map<string, Enrolled>();
let personId = '';
before(async () => {
  room = await openWatchRoom({
    portal: { network: 'here' },
    administration: {
      admins: ['DESK'],
      managers: ['MANAGERS'],
      securityOwners: ['OWNERS'],
      auditors: ['WATCH'],
    },
  });
  for (const role of roles) people.set(role, await room.enter(role, [groupOf[role]]));
  nobody = await room.enter('nobody', ['STAFF']);
  personId = (await room.person('ben', [])).id;
});
after(() => room.close());

const client = (role: string): WebClient => {
  const person = people.get(role);
  assert.ok(person !== undefined, role);
  return person.client;
};
const at = (path: string): string => `/_mfa${path.replace(':id', personId)}`;
const post = {
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: 'action=none',
} as const;
const codeOf = (answer: { readonly headers: Readonly<Record<string, unknown>> }): unknown =>
  answer.headers['sallyport-response'];

/** The denials in the trail of events, the latest last. */
async function denials(): Promise<readonly (readonly [string, unknown, unknown])[]> {
  const { audit } = room.gateway.composition.flows.stores;
  const { gateway } = room.gateway.composition;
  // What is denied is appended beside the requests.
  for (let tries = 0; tries < 50; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    await gateway.revalidate();
  }
  const events = await Array.fromAsync(audit.read({ since: null }));
  return events
    .filter(({ type }) => type === 'request.denied')
    .map(({ actor, details }) => [actor, details['route'], details['reason']] as const);
}

describe('the table of the administration', () => {
  test('has a permission in every row, and a page behind every form', () => {
    assert.ok(rows.length > 15);
    for (const row of rows) {
      assert.equal(row.csrf, row.method === 'POST' ? 'on' : 'off', row.path);
      assert.ok(row.path === '/admin' || row.path.startsWith('/admin/'), row.path);
      permissionOf(row);
      if (row.method === 'GET') continue;
      // A step-up leads back to the address of the form: somebody must be there.
      const hasPage = rows.some(({ method, path }) => method === 'GET' && path === row.path);
      assert.ok(hasPage, `POST ${row.path} has no page`);
    }
  });

  test('lets nothing be changed by a permission to look', () => {
    const byLooking = rows.filter((row) => row.method === 'POST' && row.permission === 'view');
    // These decide by themselves who may do what, and say so page by page.
    assert.deepEqual(
      byLooking.map(({ path }) => path).toSorted(),
      [...new Set(byLooking.map(({ path }) => path))].toSorted(),
    );
    for (const { path } of byLooking) assert.match(path, /^\/admin\/(?:audit|resets\/:id)$/);
  });

  test('is in the documents, row by row', () => {
    const written = fileNamed('docs/endpoints.md').text;
    for (const { method, path } of rows) {
      assert.match(written, new RegExp(`\\| ${method} \\| \`${path}\` \\|`), `${method} ${path}`);
    }
  });
});

describe('from outside of the network', () => {
  test('nobody sees anything, whoever they are, and no session is looked up (G3)', async () => {
    for (const { method, path } of rows) {
      const away = from('192.0.2.7').headers;
      const outside =
        method === 'POST' ? { ...post, headers: { ...away, ...post.headers } } : { headers: away };
      for (const visitor of [room.gateway.newClient(), client('admin')]) {
        const answer = await visitor.visit(at(path), outside);
        assert.equal(answer.status, 403, `${method} ${path}`);
        assert.equal(codeOf(answer), 'network-not-allowed', `${method} ${path}`);
        assert.doesNotMatch(answer.body, /class="rail"|usr_|Ben|Administration</);
      }
    }
  });

  test('is written down as a denial of the administration, like the gateway’s own', async () => {
    const seen = await denials();
    assert.ok(
      seen.some(
        ([actor, route, reason]) =>
          actor === 'anonymous' && route === 'administration' && reason === 'network-not-allowed',
      ),
      JSON.stringify(seen.slice(-5)),
    );
    const { text } = await room.gateway.composition.metrics.read();
    assert.match(
      text,
      /sallyport_decisions_total\{decision="deny",reason="network-not-allowed",route="administration"\} [1-9]/,
    );
  });

  test('the account names no administration, and inside it does', async () => {
    const outside = await client('admin').visit('/_mfa/account', from('192.0.2.7'));
    assert.doesNotMatch(outside.body, /href="\/_mfa\/admin"/);
    const inside = await client('admin').visit('/_mfa/account');
    assert.match(inside.body, /href="\/_mfa\/admin"/);
    const without = await nobody.client.visit('/_mfa/account');
    assert.doesNotMatch(without.body, /href="\/_mfa\/admin"/);
  });
});

describe('from inside', () => {
  test('whoever is not signed in is sent to sign in, and back', async () => {
    for (const { method, path } of rows) {
      const answer = await room.gateway.newClient().visit(at(path), method === 'POST' ? post : {});
      assert.equal(codeOf(answer), 'not-signed-in', `${method} ${path}`);
      const back = new URL(String(answer.headers.location)).searchParams.get('return_to');
      assert.equal(back, room.gateway.origin + at(path));
    }
  });

  test('a program is told in a problem document', async () => {
    const answer = await room.gateway.newClient().call(at('/admin'));
    assert.equal(answer.status, 401);
    assert.equal((JSON.parse(answer.body) as { code: string }).code, 'not-signed-in');
  });

  test('whoever has no role gets none of it, and is written down', async () => {
    for (const { method, path } of rows) {
      const answer = await nobody.client.visit(at(path), method === 'POST' ? post : {});
      assert.deepEqual([answer.status, codeOf(answer)], [403, 'not-admitted'], `${method} ${path}`);
    }
    const seen = await denials();
    assert.ok(
      seen.some(
        ([actor, route, reason]) =>
          actor === 'nobody' && route === 'administration' && reason === 'not-admitted',
      ),
    );
  });

  test('each role comes in where it may, and nowhere else', async () => {
    for (const role of roles) {
      for (const row of rows) {
        const permission = permissionOf(row);
        const groups = [groupOf[role]];
        const isIn = mayAdminister({ kind: 'user', groups }, permission, roleGroups);
        const what = `${role}: ${row.method} ${row.path}`;
        const answer = await client(role).visit(at(row.path), row.method === 'POST' ? post : {});
        if (!isIn) assert.deepEqual([answer.status, codeOf(answer)], [403, 'not-permitted'], what);
        // A form without its token is refused after everything else.
        else if (row.method === 'POST') assert.equal(codeOf(answer), 'form-expired', what);
        else
          assert.ok(
            ['ok', 'redirect', 'not-found'].includes(String(codeOf(answer))),
            `${what}: ${String(answer.status)}`,
          );
      }
    }
    const seen = await denials();
    assert.ok(
      seen.some(
        ([actor, route, reason]) =>
          actor === 'auditor' && route === 'administration' && reason === 'not-permitted',
      ),
    );
  });

  test('a form from another site is refused before it is read', async () => {
    for (const { path } of rows.filter(({ method }) => method === 'POST')) {
      const headers = { ...post.headers, origin: 'https://evil.example' };
      const answer = await client('admin').visit(at(path), { ...post, headers });
      assert.deepEqual([answer.status, codeOf(answer)], [403, 'origin-not-allowed'], path);
    }
  });
});

describe('whoever is not freshly proved', () => {
  test('has a password only: is asked for the second factor first', async () => {
    const stranger = room.gateway.newClient();
    const form = await stranger.open('/_mfa/sign-in');
    await stranger.post(form, { username: 'admin', password: passwordOf('admin') });
    const answer = await stranger.visit('/_mfa/admin');
    assert.equal(codeOf(answer), 'second-factor-required');
  });

  test('confirms, is told where they are going, and lands on the page asked for', async () => {
    room.clock.advance(1200);
    const person = people.get('admin');
    assert.ok(person !== undefined);
    for (const { method, path } of rows) {
      const answer = await person.client.visit(at(path), method === 'POST' ? post : {});
      assert.equal(codeOf(answer), 'step-up-required', `${method} ${path}`);
    }
    const target = '/_mfa/admin/users?tier=TIER1&q=b';
    const form = await person.client.open(target);
    assert.equal(form.url.pathname, '/_mfa/step-up');
    assert.match(form.body, /You are going to <strong>Administration<\/strong>/);
    assert.match(form.body, /› *<\/span> \/admin\/users/);
    const landed = await person.client.submit(form, {
      password: person.password,
      code: nextCode(room.clock, person.secret),
    });
    assert.equal(landed.status, 200);
    assert.equal(landed.url.pathname + landed.url.search, target);
  });
});
