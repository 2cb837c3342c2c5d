/** API keys of service accounts, and what is obtained with them (G3, G9, G10, G12). */

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import type { User } from '../../../src/stores/types.ts';
import { createTenant } from '../../../src/flows/admin/tenants.ts';
import { createUser, setDisabled } from '../../../src/flows/admin/users.ts';
import { setNetworks } from '../../../src/flows/admin/services.ts';
import { type ApiPerson, callApi, enrollOverApi, freshToken } from '../../support/api-client.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';

let portal: TestPortal;
let anna: ApiPerson;
let token: string;
let service: User;
let services = 0;

before(async () => {
  portal = await startPortal();
  const person = await portal.addPerson('anna', ['AI-PLATFORM-ADMINS']);
  anna = await enrollOverApi(portal.visitor(), portal.clock, person);
});
after(async () => {
  await portal.stop();
});

beforeEach(async () => {
  services += 1;
  service = await addService(`batch-${String(services)}`);
  token = await freshToken(portal.visitor(), portal.clock, anna);
});

async function addService(username: string, tenant?: string): Promise<User> {
  const answer = await createUser(portal.flows, {
    username,
    kind: 'service',
    groups: [],
    networks: ['anywhere'],
    password: null,
    ...(tenant !== undefined && { tenant }),
  });
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer.user;
}

const makeKey = async (changes: object = {}, headers: Record<string, string> = {}) =>
  callApi(portal.visitor(), 'POST /api-keys', {
    token,
    headers,
    body: { user_id: service.id, name: 'Nightly batch', ...changes },
  });

const exchange = async (apiKey: string) =>
  callApi(portal.visitor(), 'POST /auth/token', { body: { api_key: apiKey } });

const eventsOf = async (type: string) => {
  const all = [];
  for await (const event of portal.flows.stores.audit.read({ since: null })) {
    if (event.type === type) all.push(event);
  }
  return all;
};

describe('an API key', () => {
  test('is shown once, kept as a hash, and listed without its secret', async () => {
    const made = await makeKey({ expires_at: '2100-01-01T00:00:00Z' });
    assert.equal(made.status, 201);
    const secret = made.body.api_key;
    assert.match(secret, /^sp_key_[\w-]{16}_[\w-]{43}$/);
    const part = secret.slice(-43);

    const listed = await callApi(portal.visitor(), `GET /api-keys?user_id=${service.id}`, {
      token,
    });
    assert.equal(listed.body.items.length, 1);
    assert.deepEqual(listed.body.items[0], made.body.key);
    assert.doesNotMatch(JSON.stringify(listed.body), new RegExp(part));

    const stored = await portal.flows.stores.apiKeys.find(made.body.key.id as never);
    assert.doesNotMatch(JSON.stringify(stored), new RegExp(part));
    const [event] = (await eventsOf('api-key.created')).slice(-1);
    assert.equal(event?.details['key'], made.body.key.id);
    assert.doesNotMatch(JSON.stringify(event), new RegExp(part));
  });

  test('gives a token of its service, for routes alone', async () => {
    const key = (await makeKey()).body.api_key;
    const { status, body } = await exchange(key);
    assert.equal(status, 200);
    const claims = decodeJwt(body.token);
    assert.deepEqual(
      [claims['scope'], claims.sub, claims['amr'], body['expires_in']],
      ['routes', service.id, [], 1200],
    );
    const api = await callApi(portal.visitor(), 'GET /mfa', { token: body.token });
    assert.equal(api.code, 'invalid-token');
    const issued = (await eventsOf('token.issued')).at(-1);
    assert.equal(issued?.actor, service.username);
    const listed = await callApi(portal.visitor(), `GET /api-keys?user_id=${service.id}`, {
      token,
    });
    assert.notEqual((listed.body.items[0] as { last_used_at?: unknown }).last_used_at, null);
  });

  test('that is unknown, wrong, over or revoked opens nothing, and all of it looks the same', async () => {
    const made = (await makeKey()).body;
    const over = (await makeKey({ expires_at: '2026-03-02T12:00:00Z' })).body;
    const soon = new Date(portal.clock.now() + 60_000).toISOString();
    const brief = (await makeKey({ expires_at: soon })).body.api_key;
    const revoked = (await makeKey()).body;
    const gone = await callApi(portal.visitor(), `DELETE /api-keys/${revoked.key.id}`, { token });
    assert.equal(gone.status, 200);
    portal.clock.advance(61);
    const other = `${made.api_key.slice(0, -1)}${made.api_key.endsWith('A') ? 'B' : 'A'}`;
    const keys = [
      other,
      `sp_key_${'A'.repeat(16)}_${made.api_key.slice(-43)}`,
      `${made.api_key}x`,
      'sp_',
      'password',
      brief,
      revoked.api_key,
    ];
    for (const key of keys) {
      const { status, code, body } = await exchange(key);
      assert.deepEqual([status, code], [401, 'invalid-credentials'], key);
      assert.equal(body['detail'], undefined);
    }
    assert.equal((await exchange(made.api_key)).status, 200);
    assert.equal(over.api_key, undefined);
    const refused = (await eventsOf('token.refused')).at(-2);
    assert.doesNotMatch(JSON.stringify(refused), /sp_/);
  });

  test('is refused away from home and for a service that is disabled, which its holder is told', async () => {
    const key = (await makeKey()).body.api_key;
    const { username } = service;
    await portal.flows.stores.users.setNetworks(service.id, ['elsewhere']);
    assert.equal((await exchange(key)).code, 'network-not-allowed');
    assert.ok((await setNetworks(portal.flows, { username, networks: ['anywhere'] })).ok);
    await setDisabled(portal.flows, { username, isDisabled: true });
    assert.equal((await exchange(key)).code, 'account-disabled');
  });

  test('that is revoked takes the tokens of its service with it', async () => {
    const made = (await makeKey()).body;
    const before = await portal.flows.stores.users.findById(service.id);
    await exchange(made.api_key);
    await callApi(portal.visitor(), `DELETE /api-keys/${made.key.id}`, { token });
    const after = await portal.flows.stores.users.findById(service.id);
    assert.equal(after?.sessionEpoch, (before?.sessionEpoch ?? 0) + 1);
    const again = await callApi(portal.visitor(), `DELETE /api-keys/${made.key.id}`, { token });
    assert.deepEqual([again.status, again.code], [404, 'not-found']);
  });

  test('is for service accounts, with a name that can be shown and an end to come', async () => {
    const person = await portal.addPerson(`person-${String(services)}`);
    const user = await portal.flows.stores.users.findByUsername(person.username);
    const answers = [
      [await makeKey({ user_id: user?.id }), 409, 'conflict'],
      [await makeKey({ user_id: 'usr_nobody' }), 404, 'not-found'],
      [await makeKey({ name: '\u202e' }), 422, 'validation-failed'],
      [await makeKey({ name: '  ' }), 422, 'validation-failed'],
      [await makeKey({ expires_at: '2001-01-01T00:00:00Z' }), 422, 'validation-failed'],
      [await makeKey({ expires_at: 'tomorrow' }), 422, 'validation-failed'],
    ] as const;
    for (const [{ status, code }, wantedStatus, wantedCode] of answers) {
      assert.deepEqual([status, code], [wantedStatus, wantedCode]);
    }
    for (let made = 0; made < 20; made += 1) await makeKey({ name: `Key ${String(made)}` });
    assert.equal((await makeKey()).code, 'conflict');
  });

  test('of another tenant does not exist', async () => {
    const tenant = `other-${String(services)}`;
    assert.ok((await createTenant(portal.flows, { name: tenant })).ok);
    const foreign = await addService(`foreign-${String(services)}`, tenant);
    assert.equal((await makeKey({ user_id: foreign.id })).code, 'not-found');
    const id = `key_${'F'.repeat(16)}`;
    await portal.flows.stores.apiKeys.create({
      id: id as never,
      userId: foreign.id,
      tenant: foreign.tenant,
      name: 'Theirs',
      hash: '00',
      createdBy: 'somebody',
      createdAt: portal.clock.now(),
      expiresAt: null,
      lastUsedAt: null,
    });
    const listed = await callApi(portal.visitor(), `GET /api-keys?user_id=${foreign.id}`, {
      token,
    });
    assert.deepEqual(listed.body.items, []);
    const revoked = await callApi(portal.visitor(), `DELETE /api-keys/${id}`, { token });
    assert.equal(revoked.code, 'not-found');
    assert.notEqual(await portal.flows.stores.apiKeys.find(id as never), null);
  });

  test('is made by whoever may manage, freshly proved', async () => {
    portal.clock.advance(601);
    const stale = await makeKey();
    assert.deepEqual([stale.status, stale.code], [401, 'step-up-required']);
    assert.equal(stale.body['step_up_url'], `${portal.config.portal.url}/step-up`);
    const ben = await portal.addPerson(`ben-${String(services)}`, ['SEC-OPS']);
    const enrolled = await enrollOverApi(portal.visitor(), portal.clock, ben);
    token = await freshToken(portal.visitor(), portal.clock, enrolled);
    assert.equal((await makeKey()).code, 'not-admitted');
  });
});

describe('a list', () => {
  test('is read to its end a page at a time, each item once', async () => {
    const ids = new Set<string>();
    for (let made = 0; made < 5; made += 1) {
      ids.add((await makeKey({ name: `Key ${String(made)}` })).body.key.id);
    }
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const from = cursor === '' ? '' : `&cursor=${cursor}`;
      const target = `GET /api-keys?limit=2&user_id=${service.id}${from}`;
      const page = await callApi(portal.visitor(), target, { token });
      assert.ok(page.body.items.length <= 2);
      seen.push(...page.body.items.map(({ id }) => id));
      cursor = page.body.next_cursor;
    }
    assert.deepEqual(seen.toSorted(), [...ids].toSorted());
  });
});

const key = () => ({ 'idempotency-key': `order-${String(services)}-0001` });

describe('a change that is sent twice under one key (F42)', () => {
  test('is done once and answered the same', async () => {
    const [first, second] = [await makeKey({}, key()), await makeKey({}, key())];
    assert.deepEqual(second.body, first.body);
    assert.equal(second.status, 201);
    assert.deepEqual(
      [first.headers['idempotency-replayed'], second.headers['idempotency-replayed']],
      [undefined, 'true'],
    );
    const listed = await callApi(portal.visitor(), `GET /api-keys?user_id=${service.id}`, {
      token,
    });
    assert.equal(listed.body.items.length, 1);
  });

  test('and is another one is refused', async () => {
    await makeKey({}, key());
    const other = await makeKey({ name: 'Another' }, key());
    assert.deepEqual([other.status, other.code], [409, 'idempotency-conflict']);
  });

  test('is done once however many arrive together', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(async () => makeKey({}, key())));
    const made = new Set(answers.flatMap(({ body }) => body.api_key ?? []));
    assert.equal(made.size, 1);
    assert.ok(answers.every(({ code }) => code === 'ok' || code === 'idempotency-conflict'));
    const listed = await callApi(portal.visitor(), `GET /api-keys?user_id=${service.id}`, {
      token,
    });
    assert.equal(listed.body.items.length, 1);
  });

  test('and was refused is judged anew: nothing was done', async () => {
    portal.clock.advance(601);
    assert.equal((await makeKey({}, key())).code, 'step-up-required');
    token = await freshToken(portal.visitor(), portal.clock, anna);
    assert.equal((await makeKey({}, key())).status, 201);
  });

  test('gives nobody the answer of another', async () => {
    const person = await portal.addPerson(`admin-${String(services)}`, ['AI-PLATFORM-ADMINS']);
    const other = await enrollOverApi(portal.visitor(), portal.clock, person);
    const first = await makeKey({}, key());
    token = await freshToken(portal.visitor(), portal.clock, other);
    const theirs = await makeKey({}, key());
    assert.equal(theirs.status, 201);
    assert.notEqual(theirs.body.api_key, first.body.api_key);
  });

  test('needs a key that is one', async () => {
    for (const bad of ['short', 'with a space in it', 'x'.repeat(300), 'ümläut-key-1']) {
      const headers = { 'idempotency-key': encodeURI(bad).includes('%C3') ? 'é'.repeat(9) : bad };
      const answer = await makeKey({}, headers);
      assert.equal(answer.code, 'invalid-request', bad);
    }
  });

  test('is kept sealed: the database holds no key that was shown', async () => {
    const made = await makeKey({}, key());
    const part = made.body.api_key.slice(-43);
    const { idempotency } = portal.flows.stores;
    const kept: string[] = [];
    const spying = portal.flows.stores as { idempotency: typeof idempotency };
    const original = idempotency.begin.bind(idempotency);
    spying.idempotency.begin = async (asked) => {
      const record = await original(asked);
      if (record.state === 'done') kept.push(record.sealedBody);
      return record;
    };
    try {
      await makeKey({}, key());
    } finally {
      spying.idempotency.begin = original;
    }
    assert.equal(kept.length, 1);
    assert.ok(
      !Buffer.from(kept.join(''), 'base64').includes(part) && !kept.join('').includes(part),
    );
  });
});
