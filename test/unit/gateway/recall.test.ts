/** From a cookie to who asks. Holds G2: a store that is silent is never read as "nobody". */

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { SessionKey, UserId } from '../../../src/core/ids.ts';
import { noTenantRules } from '../../../src/core/tenant-rules.ts';
import { createRecall, type Recall } from '../../../src/gateway/recall.ts';
import {
  type PrincipalRecord,
  type Session,
  type Sessions,
  StoreUnavailable,
} from '../../../src/stores/types.ts';
import { aPrincipal, aProof, NOON } from '../../support/builders.ts';
import { type FixedClock, fixedClock } from '../../support/fixed-clock.ts';
import { quietLog } from '../../support/quiet-log.ts';

const idle = 1800;
const absolute = 43_200;

describe('recall', () => {
  let clock: FixedClock;
  let session: Session | null;
  let record: PrincipalRecord | null;
  let touches: number;
  let removed: string[];
  let signatureChecks: number;
  let failing: 'nothing' | 'find' | 'principal' | 'touch';
  let recall: Recall;

  beforeEach(() => {
    clock = fixedClock();
    touches = 0;
    removed = [];
    signatureChecks = 0;
    failing = 'nothing';
    session = {
      key: 'key' as SessionKey,
      lineage: 'lineage' as SessionKey,
      userId: 'usr_anna' as UserId,
      sessionEpoch: 3,
      proofs: [aProof('password')],
      createdAt: NOON,
      lastSeenAt: NOON,
      ip: '10.20.0.7',
      userAgent: '',
    };
    record = {
      user: {
        ...aPrincipal(),
        sessionEpoch: 3,
        createdAt: NOON,
        mustEnrollAt: null,
        remindedAt: null,
        enrollGuard: null,
      },
      tenantRules: noTenantRules,
      attestedModels: [],
      enrolled: ['totp'],
      recoveryCodesLeft: 4,
      isSessionRevoked: false,
    };
    const unless = (what: typeof failing) => {
      if (failing === what) throw new StoreUnavailable('a test');
    };
    const sessions: Pick<Sessions, 'findById' | 'touch' | 'remove'> = {
      async findById(id) {
        unless('find');
        return id === 'id' ? session : null;
      },
      async touch(seen, now) {
        touches += 1;
        unless('touch');
        session = { ...seen, lastSeenAt: now };
      },
      async remove(key) {
        removed.push(key);
        return true;
      },
    };
    recall = createRecall({
      clock,
      log: quietLog,
      sessions: sessions as Sessions,
      users: {
        async findPrincipal() {
          unless('principal');
          return record;
        },
      },
      lifetimes: () => ({ idleSeconds: idle, absoluteSeconds: absolute }),
      sessionIdIn(header) {
        signatureChecks += 1;
        return /^s=(?<id>\w+)$/.exec(header ?? '')?.groups?.['id'] ?? null;
      },
    });
  });

  const isSomebody = async () => (await recall('s=id')) !== null;

  test('brings back who asks, what they proved and until when', async () => {
    const facts = await recall('s=id');
    assert.ok(facts !== null && session !== null && record !== null);
    assert.equal(facts.principal.username, 'anna');
    assert.deepEqual(facts.proofs, session.proofs);
    assert.deepEqual([facts.enrolled, facts.recoveryCodesLeft], [['totp'], 4]);
    assert.equal(facts.expiresAt, NOON + idle * 1000);
  });

  test('knows nobody without a cookie, with a forged one, or with one of no session', async () => {
    for (const header of [undefined, '', 's=', 'other=id', 's=id; s=id', 's=unknown']) {
      assert.equal(await recall(header), null, String(header));
    }
  });

  test('knows nobody whose session was ended in any of the ways there are', async () => {
    assert.ok(record !== null);
    const alive = record;
    const user = alive.user;
    const deaths: readonly (PrincipalRecord | null)[] = [
      null,
      { ...alive, isSessionRevoked: true },
      { ...alive, user: { ...user, sessionEpoch: 4 } },
      { ...alive, user: { ...user, sessionEpoch: 2 } },
      { ...alive, user: { ...user, kind: 'service' } },
    ];
    for (const death of deaths) {
      record = death;
      assert.equal(await isSomebody(), false, JSON.stringify(death));
    }
  });

  test('brings back a disabled person as such: the decision says so', async () => {
    assert.ok(record !== null);
    record = { ...record, user: { ...record.user, isDisabled: true } };
    assert.equal((await recall('s=id'))?.principal.isDisabled, true);
  });

  test('knows nobody by a session from the future: the clock went back (F33)', async () => {
    clock.advance(-3600);
    assert.equal(await isSomebody(), false);
    clock.set(NOON - 59_000);
    assert.equal(await isSomebody(), true);
  });

  test('removes an expired session and says until when it was', async () => {
    clock.advance(idle);
    assert.equal((await recall('s=id'))?.expiresAt, NOON + idle * 1000);
    assert.deepEqual(removed, ['key']);
  });

  test('ends a session at its absolute end, however busy it is', async () => {
    assert.ok(session !== null);
    session = { ...session, lastSeenAt: NOON + absolute * 1000 - 1000 };
    clock.advance(absolute - 1);
    assert.equal((await recall('s=id'))?.expiresAt, NOON + absolute * 1000);
  });

  test('says "cannot tell" when a store does not answer, never "nobody"', async () => {
    for (const what of ['find', 'principal'] as const) {
      failing = what;
      await assert.rejects(recall('s=id'), StoreUnavailable);
    }
  });

  test('touches a session once a minute at most, also when many ask at once', async () => {
    await isSomebody();
    assert.equal(touches, 0);
    clock.advance(60);
    await Promise.all([isSomebody(), isSomebody(), isSomebody()]);
    assert.equal(touches, 1);
    await isSomebody();
    assert.equal(touches, 1);
  });

  test('goes on when a touch fails', async () => {
    clock.advance(60);
    failing = 'touch';
    assert.equal(await isSomebody(), true);
  });

  test('checks the signature of a cookie once, and its session every time', async () => {
    await isSomebody();
    await isSomebody();
    assert.equal(signatureChecks, 1);
    session = null;
    assert.equal(await isSomebody(), false);
    await recall('s=forged!');
    await recall('s=forged!');
    assert.equal(signatureChecks, 3);
  });
});
