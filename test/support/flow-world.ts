/**
 * A small world for flows: real stores, real methods, a clock that a test moves.
 *
 * What the portal does between flows is done here by the same rules: a rise removes the old
 * session first and fails when it was gone, the new one gets a new id, challenges move along.
 */

import assert from 'node:assert/strict';
import path from 'node:path';

import { passkeySettingsOf } from '../../src/compose.ts';
import type { Config } from '../../src/config/config.ts';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { SessionFacts } from '../../src/core/facts.ts';
import type { RequestId, SessionKey } from '../../src/core/ids.ts';
import { networkOf } from '../../src/core/place.ts';
import type { MethodId } from '../../src/core/proofs.ts';
import { sessionFactsOf } from '../../src/core/session-facts.ts';
import { answerChallenge } from '../../src/flows/sign-in/challenge.ts';
import { isStillTrusted } from '../../src/flows/sign-in/devices.ts';
import { beginTotpEnrollment, finishTotpEnrollment } from '../../src/flows/enroll/enroll-totp.ts';
import type { FlowContext, NewSession, Visit } from '../../src/flows/flow-context.ts';
import { confirmRecoveryCodes, takeRecoveryCodes } from '../../src/flows/enroll/recovery-codes.ts';
import { signIn } from '../../src/flows/sign-in/sign-in.ts';
import { createUser } from '../../src/flows/admin/users.ts';
import {
  createRecoveryCodeFactor,
  createRecoveryCodeMaker,
} from '../../src/methods/recovery-code/recovery-code.ts';
import { createTotpEnrollment, createTotpFactor } from '../../src/methods/totp/totp.ts';
import { createPasskeys } from '../../src/methods/webauthn/passkeys.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { createSealer, type Sealer } from '../../src/platform/seal.ts';
import { sessionKeyOf } from '../../src/platform/session-key.ts';
import { openLimits, type Rates } from '../../src/stores/limits/limits.ts';
import { openSessions } from '../../src/stores/sessions/choose.ts';
import type { DatabaseLocation } from '../../src/stores/sql/database.ts';
import { aConfig } from './a-config.ts';
import { codeAt } from './authenticator-app.ts';
import { cheapPasswords } from './cheap-passwords.ts';
import { fixedClock, type FixedClock } from './fixed-clock.ts';
import { quietLog } from './quiet-log.ts';
import { seededRandom } from './seeded-random.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { openThrowAwayDatabase } from './throw-away-database.ts';

/** A password that the rules take. */
export const goodPassword = 'gnome-lamp-violin';

/** What may differ from world to world. */
export interface WorldOptions {
  readonly config?: Partial<Omit<Config, 'portal' | 'server' | 'storage'>>;
  readonly rates?: Partial<Rates>;
  /** Keys of one's own, for a rotation. */
  readonly sealer?: Sealer;
  /** A database of one's own, for a second instance or another engine. */
  readonly database?: DatabaseLocation;
}

/** Somebody whose app is enrolled, signed in with both factors. */
export interface EnrolledPerson {
  readonly session: SessionFacts;
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
}

/** Opens a world; `close` it after the test. */
export async function openWorld(options: WorldOptions = {}) {
  const folder = temporaryFolder();
  const location = options.database ?? {
    kind: 'sqlite',
    file: path.join(folder.path, 'sallyport.db'),
  };
  const clock: FixedClock = fixedClock();
  let config = aConfig(options.config);
  const database = await openThrowAwayDatabase(location, systemRandom);
  const opened = openSessions({
    location: { kind: 'database' },
    database,
    clock,
    lifetimes: () => config.sessions,
  });
  const sealer = options.sealer ?? createSealer([seededRandom('key').bytes(32)], systemRandom);
  const totp = {
    sealer,
    random: systemRandom,
    settings: () => ({ ...config.totp, issuer: config.portal.issuer }),
    wallTime: (now: number) => now,
  };
  const counted: string[] = [];
  const ctx: FlowContext = {
    clock,
    random: systemRandom,
    log: quietLog,
    config: { current: () => config },
    stores: database.stores,
    sessions: opened.sessions,
    sealer,
    passwords: cheapPasswords,
    codeFactors: {
      totp: createTotpFactor(totp),
      'recovery-code': createRecoveryCodeFactor(sealer),
    },
    totpEnrollment: createTotpEnrollment(totp),
    recoveryCodeMaker: createRecoveryCodeMaker(sealer, systemRandom),
    passkeys: createPasskeys({ sealer, settings: () => passkeySettingsOf(config) }),
    limits: openLimits({ redis: null, rates: { ...generousRates, ...options.rates } }),
    placeOf: networkOf,
    count: (method: MethodId, outcome) => counted.push(`${method} ${outcome}`),
  };

  /** What the gateway's recall does: null when the session does not count any more. */
  async function recall(key: SessionKey): Promise<SessionFacts | null> {
    const session = await database.sessions.find(key);
    if (session === null) return null;
    const record = await ctx.stores.users.findPrincipal(session.userId, session.lineage);
    if (record === null || record.isSessionRevoked || record.user.isDisabled) return null;
    if (record.user.sessionEpoch !== session.sessionEpoch) return null;
    return sessionFactsOf(session, record, config.sessions);
  }

  /** Writes the session that a flow ended in; null when the old one was gone or it comes out dead. */
  async function rise(risen: NewSession, old: SessionFacts | null): Promise<SessionFacts | null> {
    if (old !== null && !(await ctx.sessions.remove(old.key))) return null;
    const key = sessionKeyOf(systemRandom.bytes(32).toString('base64url'));
    const { userId, sessionEpoch, proofs, createdAt } = risen;
    const seen = { lastSeenAt: clock.now(), ip: visit().ip, userAgent: 'Mozilla/5.0' };
    const lineage = risen.lineage ?? key;
    const record = { key, lineage, userId, sessionEpoch, proofs, createdAt, ...seen };
    await database.sessions.create(record);
    if (!(await isStillTrusted(ctx.stores, record, clock.now()))) {
      await ctx.sessions.remove(key);
      return null;
    }
    if (old !== null) await ctx.stores.challenges.rebind(old.key, key);
    return recall(key);
  }

  async function signInBy(username: string, password = goodPassword): Promise<SessionFacts> {
    const answer = await signIn(ctx, visit(), { username, password });
    assert(answer.ok, `sign-in failed: ${JSON.stringify(answer)}`);
    return sure(await rise(answer.session, null));
  }

  async function enroll(session: SessionFacts): Promise<EnrolledPerson> {
    const { secret } = await beginTotpEnrollment(ctx, session);
    const code = codeAt(secret, clock.now());
    const answer = await finishTotpEnrollment(ctx, visit(), session, { code });
    assert(answer.ok, `enrollment failed: ${JSON.stringify(answer)}`);
    const risen = sure(await rise(answer.session, session));
    const recoveryCodes = await takeRecoveryCodes(ctx, risen);
    if (recoveryCodes !== null) await confirmRecoveryCodes(ctx, visit(), risen);
    return { session: sure(await recall(risen.key)), secret, recoveryCodes: recoveryCodes ?? [] };
  }

  return {
    ctx,
    clock,
    counted,
    database,
    recall,
    rise,
    signInBy,
    enroll,

    /** Swaps the configuration, as a reload does. */
    configure(changes: NonNullable<WorldOptions['config']>): void {
      config = { ...config, ...changes };
    },

    async addUser(username: string, groups: readonly string[] = []): Promise<void> {
      const answer = await createUser(ctx, { username, groups, password: goodPassword });
      assert(answer.ok, JSON.stringify(answer));
    },

    /** A person with an app, signed in anew: half a minute on, so that the next code is unused. */
    async enrolledPerson(username = 'anna'): Promise<EnrolledPerson> {
      const answer = await createUser(ctx, { username, password: goodPassword });
      assert(answer.ok);
      const { secret, recoveryCodes } = await enroll(await signInBy(username));
      clock.advance(60);
      const session = await signInBy(username);
      const guess = { method: 'totp', code: codeAt(secret, clock.now()) } as const;
      const passed = await answerChallenge(ctx, visit(), session, guess);
      assert(passed.ok);
      clock.advance(60);
      return { session: sure(await rise(passed.session, session)), secret, recoveryCodes };
    },

    async events(): Promise<readonly AuditEvent[]> {
      return Array.fromAsync(ctx.stores.audit.read({ since: null }));
    },

    /** The types of all events, oldest first. */
    async eventTypes(): Promise<readonly string[]> {
      return (await this.events()).map((event) => event.type);
    },

    async close(): Promise<void> {
      await opened.sessions.close();
      await database.close();
      folder.remove();
    },
  };
}

/** An open world. */
export type World = Awaited<ReturnType<typeof openWorld>>;

/** A request from 10.20.0.7, or from elsewhere. */
export function visit(ip = '10.20.0.7'): Visit {
  return { ip, userAgent: 'Mozilla/5.0', requestId: 'req_test' as RequestId, deviceKey: null };
}

/** The value, which a test knows to be there. */
export function sure<Value>(value: Value | null | undefined): Value {
  assert(value !== null && value !== undefined);
  return value;
}

const often = { timesMax: 10_000, withinSeconds: 60 };
const generousRates: Rates = {
  passwordPerAccount: often,
  passwordPerAddress: often,
  page: often,
  code: often,
  recoveryCodes: often,
};
