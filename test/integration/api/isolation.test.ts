/**
 * Tenants over the API: an administrator of one sees and does nothing in another, by name, by id,
 * by filter or by cursor.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ApiReply } from '../../support/api-client.ts';
import { type ApiOffice, openApiOffice } from '../../support/api-office.ts';

const body = {
  reason: 'phone lost',
  ticket: 'OPS-7',
  proofing: [
    { kind: 'id-document', reference: 'HR-2231' },
    { kind: 'call-back', reference: 'number on file' },
  ],
};

describe('the administrator of another tenant', () => {
  let office: ApiOffice;
  let tim: string;
  let request: string;
  let key: string;
  let event: string;
  let service: string;

  before(async () => {
    office = await openApiOffice();
    tim = office.idOf('tim');
    const path = `/tenants/default/users/${tim}/reset-mfa`;
    const asked = await office.call('olga', `POST ${path}`, { body });
    request = (asked.body['reset_request'] as { readonly id: string }).id;
    const made = await office.call('olga', 'POST /users', {
      body: { kind: 'service', username: 'batch', networks: ['anywhere'] },
    });
    service = (made.body['user'] as unknown as { readonly id: string }).id;
    const created = await office.call('olga', 'POST /api-keys', {
      body: { user_id: service, name: 'Nightly' },
    });
    key = created.body.key.id;
    const events = await office.call('aude', 'GET /audit-events?limit=1');
    event = events.body.items[0]?.id ?? '';
  });
  after(async () => {
    await office.close();
  });

  test('finds nothing by the ids of ours, and changes nothing', async () => {
    const calls = [
      ['GET', `/users/${tim}`],
      ['PATCH', `/users/${tim}`, { disabled: true }],
      ['POST', `/users/${tim}/invitation`],
      ['POST', `/users/${tim}/unlock`],
      ['DELETE', `/users/${tim}/sessions`],
      ['POST', `/tenants/default/users/${tim}/reset-mfa`, body],
      ['POST', `/tenants/acme/users/${tim}/reset-mfa`, body],
      ['GET', `/reset-requests/${request}`],
      ['POST', `/reset-requests/${request}/approve`],
      ['POST', `/reset-requests/${request}/reject`, { reason: 'no' }],
      ['POST', `/reset-requests/${request}/cancel`, { reason: 'no' }],
      ['POST', `/reset-requests/${request}/execute`],
      ['GET', '/tenants/default/mfa-status'],
      ['PATCH', '/tenants/default/settings', { mfa_required: true }],
      ['POST', '/tenants/default/mfa-reminders'],
      ['GET', `/audit-events/${event}`],
      ['DELETE', `/api-keys/${key}`],
      ['POST', '/api-keys', { user_id: service, name: 'mine' }],
    ] as const;
    for (const [method, path, sent] of calls) {
      const reply = await office.call('zoe', `${method} ${path}`, {
        ...(sent !== undefined && { body: sent }),
      });
      assert.deepEqual([reply.status, reply.code], [404, 'not-found'], `${method} ${path}`);
    }
    const still = await office.call('aude', `GET /reset-requests/${request}`);
    const { state, approvals } = still.body['reset_request'] as {
      readonly state: string;
      readonly approvals: readonly object[];
    };
    assert.deepEqual([state, approvals], ['pending', []]);
  });

  test('reads lists of their own people and events only', async () => {
    const lists = ['/users', '/reset-requests', '/sessions', '/audit-events', '/api-keys'];
    for (const path of lists)
      assertNothingOfOurs(await office.call('zoe', `GET ${path}?limit=200`));
    const people = await office.call('zoe', 'GET /users');
    const names = people.body.items as unknown as readonly { readonly username: string }[];
    assert.deepEqual(
      names.map(({ username }) => username),
      ['zack', 'zoe'],
    );
    const status = await office.call('zoe', 'GET /tenants/acme/mfa-status');
    assert.equal(status.body['total'], 2);
    assertNothingOfOurs(status);
  });

  test('gets no further by filters and cursors of ours', async () => {
    const ours = await office.call('aude', 'GET /audit-events?limit=1');
    const cursor = String(ours.body.next_cursor);
    const paged = await office.call('zoe', `GET /audit-events?cursor=${cursor}`);
    assert.equal(paged.status, 422);
    const filtered = [
      `/audit-events?person=${tim}`,
      '/audit-events?actor=olga',
      `/reset-requests?user_id=${tim}`,
      `/api-keys?user_id=${service}`,
      '/users?text=tim',
    ];
    for (const path of filtered) {
      const reply = await office.call('zoe', `GET ${path}`);
      assert.ok(
        reply.status === 404 || reply.status === 422 || reply.body.items.length === 0,
        `${path}: ${JSON.stringify(reply.body)}`,
      );
      assertNothingOfOurs(reply);
    }
    const people = await office.call('aude', 'GET /users?limit=1');
    const on = await office.call('zoe', `GET /users?cursor=${String(people.body.next_cursor)}`);
    assertNothingOfOurs(on);
  });

  test('hears nothing of ours from the explainer, nor whether somebody is there', async () => {
    const [theirs, nobody] = await Promise.all(
      ['tim', 'no-such-name'].map((username) =>
        office.call('zoe', 'POST /explain', { body: { url: '/console', username } }),
      ),
    );
    assert.ok(theirs !== undefined && nobody !== undefined);
    assert.equal(theirs.status, 422);
    assert.deepEqual(theirs.body.errors, nobody.body.errors);
  });

  test('cannot have the chain of the installation checked', async () => {
    const reply = await office.call('zoe', 'POST /audit-events/verify');
    assert.deepEqual([reply.status, reply.code], [403, 'not-permitted']);
  });
});

function assertNothingOfOurs({ body: answered }: ApiReply): void {
  const text = JSON.stringify(answered);
  for (const name of ['tim', 'olga', 'mia', 'sven', 'aude', '"ed"', 'batch', '"default"']) {
    assert.ok(!text.includes(name), `${name} stands in ${text}`);
  }
}
