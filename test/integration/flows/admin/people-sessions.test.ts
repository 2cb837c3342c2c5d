/** Ending the sessions of others (G6, G10). */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { SessionKey, UserId } from '../../../../src/core/ids.ts';
import {
  endSessionAsAdmin,
  endSessionOfStream,
  endSessionsOf,
  listSessions,
} from '../../../../src/flows/admin/people-sessions.ts';
import { openWorld, sure, type World } from '../../../support/flow-world.ts';
import { aProblem } from '../../../support/own-changes.ts';
import {
  freshSession,
  newPerson,
  officePolicy,
  type Office,
  openOffice,
} from '../../../support/reset-office.ts';

let world: World;
let office: Office;
let dan: UserId;
beforeEach(async () => {
  world = await openWorld({ config: { policy: officePolicy() } });
  office = await openOffice(world);
  dan = await newPerson(world, 'dan');
});
afterEach(() => world.close());

const everything = { after: null, limit: 100 };

describe('a session that an administrator ends', () => {
  test('is gone, and the others of the person go on', async () => {
    const [one, other] = [await freshSession(world, dan), await freshSession(world, dan)];
    await endSessionAsAdmin(world.ctx, office.admin, one.key);
    assert.equal(await world.recall(one.key), null);
    assert.notEqual(await world.recall(other.key), null);
    const revoked = sure((await world.events()).findLast(({ type }) => type === 'session.revoked'));
    assert.deepEqual(
      [revoked.actor, revoked.subject, revoked.details],
      ['ada', dan, { username: 'dan', scope: 'one', ended: one.key }],
    );
  });

  test('does not come back by a rise in assurance that was in flight (G6)', async () => {
    const session = await freshSession(world, dan);
    await endSessionAsAdmin(world.ctx, office.admin, session.key);
    const { lineage, sessionEpoch, proofs, createdAt } = session;
    const risen = { userId: dan, lineage, sessionEpoch, proofs, createdAt };
    assert.equal(await world.rise(risen, null), null);
  });

  test('that has risen since the page was shown is not found by its old key', async () => {
    await assert.rejects(
      endSessionAsAdmin(world.ctx, office.admin, 'no-such-key' as SessionKey),
      aProblem('not-found'),
    );
  });

  test('is not their own, nor of somebody above them, nor of another tenant', async () => {
    const own = office.admin.session.key;
    await assert.rejects(endSessionAsAdmin(world.ctx, office.admin, own), aProblem('conflict'));
    const acme = await openOffice(world, 'acme');
    const session = await freshSession(world, dan);
    await assert.rejects(
      endSessionAsAdmin(world.ctx, acme.admin, session.key),
      aProblem('not-found'),
    );
    const policy = { ...officePolicy(), tiers: new Map([['ROOT', 'TIER0']] as const) };
    world.configure({ policy });
    const root = await freshSession(world, await newPerson(world, 'root', ['ROOT']));
    await assert.rejects(
      endSessionAsAdmin(world.ctx, office.admin, root.key),
      aProblem('not-permitted'),
    );
    assert.notEqual(await world.recall(session.key), null);
    assert.notEqual(await world.recall(root.key), null);
  });

  test('needs the role and a fresh proof', async () => {
    const session = await freshSession(world, dan);
    for (const role of ['manager', 'owner', 'executor', 'auditor'] as const) {
      await assert.rejects(
        endSessionAsAdmin(world.ctx, office[role], session.key),
        aProblem('not-permitted'),
      );
    }
    world.clock.advance(1200);
    await assert.rejects(
      endSessionAsAdmin(world.ctx, office.admin, session.key),
      aProblem('step-up-required'),
    );
    assert.notEqual(await world.recall(session.key), null);
  });
});

describe('all sessions of a person', () => {
  test('end at once, by the epoch, and open streams hear of it', async () => {
    const sessions = [await freshSession(world, dan), await freshSession(world, dan)];
    await endSessionsOf(world.ctx, office.admin, dan);
    for (const { key } of sessions) assert.equal(await world.recall(key), null);
    const changes = await world.ctx.stores.accessChanges.since(world.clock.now());
    assert.ok(changes.some(({ whose }) => whose === dan));
    await assert.rejects(
      endSessionsOf(world.ctx, office.admin, office.admin.session.principal.id),
      aProblem('conflict'),
    );
  });
});

describe('a stream that an administrator ends', () => {
  test('ends the session that it hangs on, whatever that became', async () => {
    const opened = await freshSession(world, dan);
    const { lineage, sessionEpoch, proofs, createdAt } = opened;
    const risen = sure(
      await world.rise({ userId: dan, lineage, sessionEpoch, proofs, createdAt }, opened),
    );
    await endSessionOfStream(world.ctx, office.admin, opened);
    assert.equal(await world.recall(risen.key), null);
  });

  test('is ended even when its session is gone from the store', async () => {
    const opened = await freshSession(world, dan);
    await world.ctx.sessions.remove(opened.key);
    await endSessionOfStream(world.ctx, office.admin, opened);
    const record = await world.ctx.stores.users.findPrincipal(dan, opened.lineage);
    assert.equal(record?.isSessionRevoked, true);
  });
});

describe('the list', () => {
  test('has the tenant’s own sessions, a page at a time, to whoever may look', async () => {
    const acme = await openOffice(world, 'acme');
    await freshSession(world, dan);
    const all = await listSessions(world.ctx, office.auditor, everything);
    assert.deepEqual(new Set(all.map(({ user }) => user.tenant)), new Set(['default']));
    assert.equal(all.length, 6);
    const theirs = await listSessions(world.ctx, acme.auditor, everything);
    assert.equal(theirs.length, 5);

    // A cursor of another tenant's shows nothing of theirs.
    const foreign = { after: sure(all[0]).session.key, limit: 100 };
    const beyond = await listSessions(world.ctx, acme.auditor, foreign);
    assert.ok(beyond.every(({ user }) => user.tenant === 'acme'));

    const first = await listSessions(world.ctx, office.auditor, { after: null, limit: 4 });
    const after = sure(first.at(-1)).session.key;
    const second = await listSessions(world.ctx, office.auditor, { after, limit: 4 });
    assert.deepEqual(
      [...first, ...second].map(({ session }) => session.key).toSorted(),
      all.map(({ session }) => session.key).toSorted(),
    );
  });
});
