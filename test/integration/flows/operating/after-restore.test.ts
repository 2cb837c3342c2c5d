/**
 * After a backup was put back (F44): whatever may have been used counts as used, whatever may have
 * ended has ended, and what else came back is told. On both engines.
 */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { AuditEvent, AuditEventType } from '../../../../src/core/audit-event.ts';
import {
  type AuditEventId,
  defaultTenant,
  type ResetRequestId,
  type SessionKey,
  type UserId,
} from '../../../../src/core/ids.ts';
import { createEnrollmentLink, linkHash } from '../../../../src/flows/admin/enrollment-links.ts';
import { createUser } from '../../../../src/flows/admin/users.ts';
import { beginTotpEnrollment } from '../../../../src/flows/enroll/enroll-totp.ts';
import { afterRestore, type Replaced } from '../../../../src/flows/operating/after-restore.ts';
import { lostChanges } from '../../../../src/flows/operating/lost-changes.ts';
import { answerChallenge } from '../../../../src/flows/sign-in/challenge.ts';
import { codeAt } from '../../../support/authenticator-app.ts';
import { goodPassword, openWorld, sure, visit, type World } from '../../../support/flow-world.ts';
import { mailThatWaits } from '../../../support/own-changes.ts';
import { describeEngines } from '../../../contract/support/engines.ts';

const nothingKnown: Replaced = { head: null, events: null };

describeEngines((engine) => {
  let world: World;
  beforeEach(async () => {
    world = await openWorld({
      database: await engine.newLocation(),
      config: { mail: mailThatWaits },
    });
  });
  afterEach(() => world.close());

  const tryCode = async (code: string) => {
    const session = await world.signInBy('anna');
    return await answerChallenge(world.ctx, visit(), session, { method: 'totp', code });
  };

  describe('after a restore', () => {
    test('no session from before counts, whatever epoch it carries (F44)', async () => {
      const { session } = await world.enrolledPerson('anna');
      const { id } = session.principal;
      const { users } = world.ctx.stores;
      // Since the backup was made her sessions were ended a few times; those of then are forgotten.
      for (let time = 0; time < 3; time += 1) await users.raiseSessionEpoch(id);
      const later = sure(await users.findById(id)).sessionEpoch;
      const since: SessionKey[] = [];
      for (let epoch = 0; epoch <= later; epoch += 1) {
        const key = `session of epoch ${String(epoch)}` as SessionKey;
        since.push(key);
        const seen = { createdAt: world.clock.now(), lastSeenAt: world.clock.now() };
        await world.database.sessions.create({
          key,
          lineage: key,
          userId: id,
          sessionEpoch: epoch,
          proofs: session.proofs,
          ip: '::1',
          userAgent: '',
          ...seen,
        });
      }

      await afterRestore(world.ctx, nothingKnown);

      for (const key of since) assert.equal(await world.recall(key), null, key);
      assert.notEqual(await world.signInBy('anna'), null);
    });

    test('again, and nothing that was given out in between counts either', async () => {
      await world.addUser('anna');
      await afterRestore(world.ctx, nothingKnown);
      const between = await world.signInBy('anna');
      assert.notEqual(await world.recall(between.key), null);

      world.clock.advance(1);
      await afterRestore(world.ctx, nothingKnown);
      assert.equal(await world.recall(between.key), null);
    });

    test('a code that was used a moment ago works no more, the ones of later do (G5)', async () => {
      const anna = await world.enrolledPerson('anna');
      const now = world.clock.now();
      const codes = [-30, 0, 30].map((seconds) => codeAt(anna.secret, now + seconds * 1000));

      const { apps } = await afterRestore(world.ctx, nothingKnown);

      assert.equal(apps, 1);
      for (const code of codes) {
        assert.equal((await tryCode(code)).ok, false);
      }
      world.clock.advance(60);
      const later = codeAt(anna.secret, world.clock.now());
      assert.ok((await tryCode(later)).ok);
    });

    test('no link, no trusted browser, no mail and no open question is left', async () => {
      const { ctx } = world;
      const answer = await createUser(ctx, {
        username: 'ben',
        email: 'ben@example.com',
        password: goodPassword,
      });
      assert.ok(answer.ok);
      const { user } = answer;
      const { url } = await ctx.stores.transaction((stores) =>
        createEnrollmentLink(ctx, stores, 'cli', user, 'invitation', world.clock.now()),
      );
      const secret = url.split('/').at(-1) ?? '';
      const device = { userId: user.id, key: 'k', name: 'x', lastIp: '::1' } as const;
      const now = world.clock.now();
      await ctx.stores.devices.see({
        ...device,
        id: `dev_${engine.name}` as never,
        firstSeenAt: now,
        lastSeenAt: now,
      });
      const trust = { method: 'totp', provedAt: now, until: now + 1e9 } as const;
      await ctx.stores.devices.trust(user.id, 'k', trust);
      const session = await world.signInBy('ben');
      await beginTotpEnrollment(ctx, session);

      const done = await afterRestore(ctx, nothingKnown);

      assert.deepEqual(
        [done.links, done.mails, done.trustedDevices],
        [1, 1, 1],
        JSON.stringify(done),
      );
      assert.equal(await ctx.stores.enrollmentLinks.find(linkHash(secret), now), null);
      assert.equal(await ctx.stores.outbox.count(), 0);
      assert.equal((await ctx.stores.devices.find(user.id, 'k'))?.trust, null);
      assert.equal(await ctx.stores.challenges.find('totp-enrollment', session.key, now), null);
    });

    test('reset requests that were open are cancelled, each in the audit trail', async () => {
      const { ctx } = world;
      await world.addUser('anna');
      const user = sure(await ctx.stores.users.findByUsername('anna'));
      await ctx.stores.resets.create({
        id: 'rst_1' as ResetRequestId,
        tenant: defaultTenant,
        userId: user.id,
        username: 'anna',
        tier: 'TIER0',
        requestedBy: 'usr_x' as UserId,
        requestedByName: 'x',
        reason: 'phone lost',
        ticket: 'OPS-7',
        proofing: [],
        approvalsNeeded: 0,
        state: 'approved',
        createdAt: world.clock.now(),
        expiresAt: world.clock.now() + 1e7,
      });

      const { resets } = await afterRestore(ctx, nothingKnown);

      assert.equal(resets, 1);
      assert.equal((await ctx.stores.resets.find('rst_1' as ResetRequestId))?.state, 'cancelled');
      assert.ok((await world.eventTypes()).includes('reset.cancelled'));
    });

    test('the audit trail goes on from where the backup ended, and says so', async () => {
      await world.addUser('anna');
      const head = await world.ctx.stores.restoring.chainHead();
      const replaced = { head: { seq: 77, hash: 'f'.repeat(64) }, events: [] };

      await afterRestore(world.ctx, replaced);

      const event = (await world.events()).at(-1);
      assert.equal(event?.type, 'backup.restored');
      assert.equal(event.severity, 'high');
      assert.equal(event.details['restoredTo'], `${String(head.seq)} ${head.hash}`);
      assert.equal(event.details['replaced'], `77 ${'f'.repeat(64)}`);
      assert.equal((await world.ctx.stores.audit.verify()).ok, true);
    });

    test('recovery codes are counted, because nobody knows which of them were used', async () => {
      await world.enrolledPerson('anna');

      const { recoveryCodes } = await afterRestore(world.ctx, nothingKnown);
      assert.equal(recoveryCodes, 10);
    });

    test('nothing is half done when the event cannot be written (G12)', async () => {
      const { session } = await world.enrolledPerson('anna');
      const { stores } = world.ctx;
      const failing = {
        ...world.ctx,
        stores: {
          ...stores,
          transaction: <Value>(work: (inside: typeof stores) => Promise<Value>) =>
            stores.transaction((inside) =>
              work({
                ...inside,
                audit: { ...inside.audit, append: () => Promise.reject(new Error('away')) },
              }),
            ),
        },
      };

      await assert.rejects(afterRestore(failing, nothingKnown), /away/);
      assert.notEqual(await world.recall(session.key), null);
    });
  });
});

const anEvent = (type: AuditEventType, of: Partial<AuditEvent> = {}): AuditEvent => ({
  id: 'evt_1' as AuditEventId,
  at: 1,
  type,
  severity: 'info',
  actor: 'anna',
  subject: 'usr_anna' as UserId,
  tenant: defaultTenant,
  ip: null,
  userAgent: null,
  session: 'key' as SessionKey,
  requestId: null,
  details: {},
  previousHash: '',
  hash: '',
  ...of,
});

describe('what changed since a backup', () => {
  test('is told by whom it was about; what leaves nothing behind is left out', () => {
    const changes = lostChanges([
      anEvent('session.signed-in'),
      anEvent('recovery-code.used'),
      anEvent('user.disabled', { actor: 'cli', session: null, details: { username: 'ben' } }),
      anEvent('authenticator.enrolled'),
      anEvent('request.denied'),
    ]);

    assert.deepEqual(
      changes.map(({ type, whom, loss }) => [type, whom, loss]),
      [
        ['recovery-code.used', 'anna', 'is-back'],
        ['user.disabled', 'ben', 'is-back'],
        ['authenticator.enrolled', 'anna', 'is-gone'],
      ],
    );
  });
});
