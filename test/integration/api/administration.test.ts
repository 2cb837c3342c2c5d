/**
 * The administration over the API (contract section 7): every operation is called once by whoever
 * may, and what comes back fits its schema; and every operation is tried by everybody who may not
 * (G3, G8).
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isOfAdministration, type Operation } from '../../../src/web/api/operation.ts';
import { operations } from '../../../src/web/api/operations.ts';
import type { ApiReply } from '../../support/api-client.ts';
import {
  type ApiOffice,
  type OfficePerson,
  openApiOffice,
  operationNamed,
} from '../../support/api-office.ts';
import { signIn } from '../../support/http-verbs.ts';

/** Everything of the administration. */
const ofAdministration: readonly Operation[] = operations.filter(({ who }) =>
  isOfAdministration(who),
);

describe('an administrator with a token', () => {
  let office: ApiOffice;
  const exercised = new Set<string>();

  before(async () => {
    office = await openApiOffice();
  });
  after(async () => {
    await office.close();
  });

  /** Calls an operation and holds its answer against what the document promises. */
  async function does(
    as: OfficePerson,
    id: string,
    {
      path = {},
      query = '',
      body,
    }: {
      readonly path?: Readonly<Record<string, string>>;
      readonly query?: string;
      readonly body?: unknown;
    } = {},
  ): Promise<ApiReply> {
    const operation = operationNamed(id);
    const target = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => path[name] ?? '');
    const reply = await office.call(as, `${operation.method} ${target}${query}`, {
      ...(body !== undefined && { body }),
    });
    const promised = operation.answers[reply.status];
    assert.ok(
      promised !== undefined,
      `${id}: ${String(reply.status)} ${JSON.stringify(reply.body)}`,
    );
    const fit = promised.body.safeParse(reply.body);
    assert.ok(fit.success, `${id}: ${fit.error?.message ?? ''}`);
    exercised.add(id);
    return reply;
  }

  test('makes, finds, changes, invites and unlocks people', async () => {
    const made = await does('olga', 'createUser', {
      body: { username: 'erin', email: 'erin@example.com', groups: ['TIER2'] },
    });
    assert.equal(made.status, 201);
    const { user, invitation } = made.body as unknown as {
      readonly user: { readonly id: string; readonly tier: string };
      readonly invitation: { readonly url: string };
    };
    assert.equal(user.tier, 'TIER2');
    assert.match(invitation.url, /^http:\/\/console\.test\/_mfa\/link\/[\w-]{43}$/);
    const path = { id: user.id };
    const listed = await does('aude', 'listUsers', { query: '?text=erin&tier=TIER2' });
    assert.deepEqual(
      listed.body.items.map(({ id }) => id),
      [user.id],
    );
    const changed = await does('olga', 'changeUser', {
      path,
      body: { display_name: 'Erin E.', disabled: true },
    });
    assert.equal((changed.body['user'] as unknown as { disabled: boolean }).disabled, true);
    await does('olga', 'changeUser', { path, body: { disabled: false } });
    const again = await does('olga', 'inviteUser', { path });
    assert.notDeepEqual(again.body['invitation'], invitation);
    const locked = await does('olga', 'unlockUser', { path });
    assert.equal(locked.body['was_locked'], false);
    await does('olga', 'endSessionsOfUser', { path });
    const shown = await does('aude', 'showUser', { path });
    assert.equal(shown.body['display_name'], 'Erin E.');
    assert.equal(shown.body['has_password'], false);
  });

  test('sees how the tenant stands, and sets what it demands', async () => {
    const path = { tenant_id: 'default' };
    const before = await does('aude', 'showTenantMfaStatus', { path, query: '?limit=1' });
    const total = before.body['total'] as number;
    const without = before.body['users_without_mfa'] as readonly { readonly username: string }[];
    assert.equal(total, (before.body['enrolled'] as number) + Number(before.body['not_asked']));
    assert.ok(without.length <= 1);
    const set = await does('olga', 'changeTenantSettings', {
      path,
      body: { mfa_required: true, mfa_grace_period_days: 14 },
    });
    assert.equal(set.body['mfa_required'], true);
    assert.equal(typeof set.body['grace_ends_at'], 'string');
    // Mail is not configured here; over there is where reminders are tried.
    const reminded = await office.call('olga', 'POST /tenants/default/mfa-reminders');
    assert.deepEqual([reminded.status, reminded.code], [409, 'conflict']);
    exercised.add('remindUsers');
  });

  test('asks for a reset; others approve, and somebody carries it out, once', async () => {
    const path = { tenant_id: 'default', user_id: office.idOf('tim') };
    const body = {
      reason: 'phone lost',
      ticket: 'OPS-7',
      proofing: [
        { kind: 'id-document', reference: 'HR-2231' },
        { kind: 'call-back', reference: 'number on file' },
      ],
    };
    const first = await does('olga', 'requestReset', { path, body });
    assert.equal(first.status, 202);
    const { id } = first.body['reset_request'] as { readonly id: string };
    const twice = await office.call(
      'olga',
      `POST /tenants/default/users/${path.user_id}/reset-mfa`,
      {
        body,
      },
    );
    assert.deepEqual([twice.status, twice.code], [409, 'conflict']);
    await does('olga', 'cancelReset', { path: { id }, body: { reason: 'found it' } });

    const second = await does('olga', 'requestReset', { path, body });
    const rejected = (second.body['reset_request'] as { readonly id: string }).id;
    await does('mia', 'rejectReset', { path: { id: rejected }, body: { reason: 'not them' } });

    const third = await does('olga', 'requestReset', { path, body });
    const last = (third.body['reset_request'] as { readonly id: string }).id;
    const early = await office.call('ed', `POST /reset-requests/${last}/execute`);
    assert.deepEqual([early.status, early.code], [409, 'conflict']);
    await does('mia', 'approveReset', { path: { id: last }, body: { role: 'manager' } });
    const done = await does('ed', 'executeReset', {
      path: { id: last },
      body: { enrollment: 'link' },
    });
    const execution = done.body['execution'] as { readonly enrollment_url: string };
    assert.match(execution.enrollment_url, /\/link\/[\w-]{43}$/);
    assert.equal(
      (await office.call('ed', `POST /reset-requests/${last}/execute`)).code,
      'conflict',
    );
    assert.equal((await office.call('tim', 'GET /mfa')).code, 'invalid-token');
    await does('aude', 'showResetRequest', { path: { id: last } });
    const listed = await does('aude', 'listResetRequests', { query: '?state=executed&limit=1' });
    assert.deepEqual(
      listed.body.items.map(({ id: one }) => one),
      [last],
    );
  });

  test('looks at sessions, and ends one', async () => {
    const dan = await office.portal.addPerson('dan');
    const browser = office.portal.visitor();
    await signIn(browser, { target: '/_mfa/account', ...dan });
    const listed = await does('aude', 'listSessions');
    const [session] = listed.body.items as readonly {
      readonly id: string;
      readonly username?: string;
    }[];
    assert.equal(session?.username, 'dan');
    await does('olga', 'endSession', { path: { id: session.id } });
    assert.match((await browser.open('/_mfa/account')).url.pathname, /\/sign-in$/);
    assert.deepEqual((await does('aude', 'listSessions')).body.items, []);
  });

  test('reads the audit trail a page at a time, and has the chain checked', async () => {
    const newest = await does('aude', 'listAuditEvents', { query: '?limit=2' });
    assert.equal(newest.body.items.length, 2);
    const next = await does('aude', 'listAuditEvents', {
      query: `?limit=2&cursor=${String(newest.body.next_cursor)}`,
    });
    const ids = [...newest.body.items, ...next.body.items].map(({ id }) => id);
    assert.equal(new Set(ids).size, 4);
    await does('aude', 'showAuditEvent', { path: { id: ids[0] ?? '' } });
    const checked = await does('aude', 'verifyAuditChain', { body: { scope: 'all' } });
    assert.equal(checked.body['whole'], true);
  });

  test('makes a key for a service account, lists it and revokes it', async () => {
    const made = await does('olga', 'createUser', {
      body: { kind: 'service', username: 'batch', networks: ['anywhere'] },
    });
    const { id } = made.body['user'] as unknown as { readonly id: string };
    const key = await does('olga', 'createApiKey', { body: { user_id: id, name: 'Nightly' } });
    const listed = await does('aude', 'listApiKeys', { query: `?user_id=${id}` });
    assert.deepEqual(
      listed.body.items.map((one) => one.id),
      [key.body.key.id],
    );
    await does('olga', 'revokeApiKey', { path: { id: key.body.key.id } });
  });

  test('is told why a request would be refused', async () => {
    const answer = await does('aude', 'explainRequest', {
      body: { url: '/console', username: 'mia', proofs: 'password' },
    });
    assert.equal(answer.body['decision'], 'challenge');
    const wrong = await office.call('aude', 'POST /explain', { body: { url: 'x', ip: 'y' } });
    assert.equal(wrong.status, 422);
    assert.deepEqual(wrong.body.errors.map(({ pointer }) => pointer).toSorted(), ['/ip', '/url']);
  });

  test('has every operation of the administration exercised above', () => {
    const missing = ofAdministration.map(({ id }) => id).filter((id) => !exercised.has(id));
    assert.deepEqual(missing, []);
  });
});

/** Whoever has none of the roles that a permission needs. */
const without = {
  view: 'tim',
  manage: 'aude',
  'request-reset': 'mia',
  'approve-reset': 'olga',
  'execute-reset': 'olga',
} as const;

/** Names that nothing has, in the form that they have. */
function targetOf({ method, path }: Operation): string {
  return `${method} ${path.replaceAll('{tenant_id}', 'default').replaceAll(/\{\w+\}/g, 'x')}`;
}

describe('whoever may not', () => {
  let office: ApiOffice;
  before(async () => {
    office = await openApiOffice();
  });
  after(async () => {
    await office.close();
  });

  test('is asked who they are, whatever they ask for', async () => {
    for (const operation of ofAdministration) {
      const reply = await office.call(null, targetOf(operation));
      assert.deepEqual([reply.status, reply.code], [401, 'not-signed-in'], operation.id);
      assert.equal(reply.headers['www-authenticate'], 'Bearer');
    }
  });

  test('is refused without a role, and without a role that allows it', async () => {
    for (const operation of ofAdministration) {
      const stranger = await office.call('tim', targetOf(operation));
      assert.deepEqual([stranger.status, stranger.code], [403, 'not-admitted'], operation.id);
      if (operation.who === 'view') continue;
      const other = await office.call(
        without[operation.who as keyof typeof without],
        targetOf(operation),
      );
      assert.deepEqual([other.status, other.code], [403, 'not-permitted'], operation.id);
    }
  });

  test('confirms first when the proofs are too old, and is told where', async () => {
    office.portal.clock.advance(660);
    for (const operation of ofAdministration) {
      const reply = await office.call('olga', targetOf(operation));
      assert.deepEqual([reply.status, reply.code], [401, 'step-up-required'], operation.id);
      const challenge = String(reply.headers['www-authenticate']);
      assert.match(challenge, /^Bearer error="insufficient_user_authentication".*max_age="600"/);
      assert.equal(reply.body['step_up_url'], 'http://console.test/_mfa/step-up');
    }
    await office.refresh();
  });

  test('is told of the network before anything else, and of nothing else (G3)', async () => {
    const network = { name: 'zone-e', cidrs: [] };
    const outside = await openApiOffice({ network });
    try {
      for (const operation of ofAdministration) {
        for (const as of ['olga', null] as const) {
          const reply = await outside.call(as, targetOf(operation), { body: '{"not json' });
          assert.deepEqual([reply.status, reply.code], [403, 'network-not-allowed'], operation.id);
        }
      }
    } finally {
      await outside.close();
    }
  });
});
