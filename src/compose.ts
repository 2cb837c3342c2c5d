/**
 * Puts the program together: the only file that names concrete stores, methods and clocks.
 */

import { setTimeout } from 'node:timers/promises';

import type { RequestHandler } from 'express';
import type { Config, LiveConfig } from './config/config.ts';
import { ownCookies } from './core/cookie-names.ts';
import { isEvidenceTenant } from './core/evidence-tenant.ts';
import type { TenantId } from './core/ids.ts';
import { networkOf } from './core/place.ts';
import { linkInMail } from './flows/admin/enrollment-links.ts';
import { evidenceRuns } from './flows/evidence/evidence-runs.ts';
import type { EvidenceParts } from './flows/evidence/run/run.ts';
import type { FlowContext } from './flows/flow-context.ts';
import { followKeys } from './flows/operating/follow-keys.ts';
import { openKeys } from './flows/operating/open-keys.ts';
import { createGateway, type Gateway } from './gateway/gateway.ts';
import { createRecall } from './gateway/recall.ts';
import { createRecallToken } from './gateway/recall-token.ts';
import { createMethods } from './methods/registry.ts';
import type { PasskeySettings } from './methods/webauthn/passkeys.ts';
import { composeMail } from './notify/compose-mail.ts';
import { type OutboxSender, startOutboxSender } from './notify/outbox-sender.ts';
import { type SteadyClock, systemClock } from './platform/clock.ts';
import { openPlaces } from './platform/geo.ts';
import type { KeyRing } from './platform/key-ring.ts';
import type { Logger, TappedLog } from './platform/log.ts';
import { createMetrics, type Metrics } from './platform/metrics.ts';
import { systemRandom } from './platform/random.ts';
import { createSealer, type Sealer } from './platform/seal.ts';
import { createSigner, type Signer } from './platform/signing.ts';
import { programVersion } from './platform/version.ts';
import { type AuditSender, startAuditSender } from './sinks/audit-sender.ts';
import { syslogSink } from './sinks/syslog.ts';
import { createWaitingGate, type WaitingGate } from './sinks/waiting-gate.ts';
import { webhookSink } from './sinks/webhook.ts';
import { defaultRates, openLimits, type Rates } from './stores/limits/limits.ts';
import { type OpenedSessions, openSessions } from './stores/sessions/choose.ts';
import { parseSessionCookie } from './stores/sessions/session-cookie.ts';
import { sessionMiddleware } from './stores/sessions/session-middleware.ts';
import type { ChainKeys } from './stores/sql/audit/audit-signature.ts';
import { openDatabase, type SqlDatabase } from './stores/sql/database.ts';
import type { ListedStream } from './web/exchange.ts';
import { createProblemPage } from './web/error-handler.ts';
import { createPortal } from './web/portal.ts';
import { createRenderer } from './web/render.ts';
import type { Words } from './web/words.ts';
import { zonedTime } from './web/zoned-time.ts';

/** What may be put in place of the real thing. */
export interface Surroundings {
  readonly log: Logger & Partial<TappedLog>;
  readonly clock?: SteadyClock;
  readonly rates?: Rates;
  /** `unlimited`: for a command that touches every row. */
  readonly statements?: 'bounded' | 'unlimited';
  /** `any`: the encryption key need not be the one that the database is sealed under. */
  readonly keyCheck?: 'must-fit' | 'any';
}

/** Storage and flows, without any door: enough to administer accounts. */
export interface Foundation {
  readonly flows: FlowContext;
  readonly clock: SteadyClock;
  readonly log: Logger & Partial<TappedLog>;
  readonly metrics: Metrics;
  readonly database: SqlDatabase;
  readonly opened: OpenedSessions;
  /** The encryption keys that the sealer seals with. */
  readonly keys: KeyRing;
  readonly sealer: Sealer;
  /** Says whether too much of the audit trail waits to be sent on. */
  readonly auditGate: WaitingGate;
  close(): Promise<void>;
}

/** Everything, ready to be put behind a listener. */
export interface Composition extends Foundation {
  readonly gateway: Gateway;
  /** Answers every request below the portal's address. */
  readonly portal: RequestHandler;
  /** Sends what waits in the outbox. */
  readonly mail: OutboxSender;
  /** Sends the audit trail on. */
  readonly auditSender: AuditSender;
  /** Resolves when the stores answer. */
  checkReady(): Promise<void>;
}

/**
 * Opens storage, brings the database up to date and makes the flows. Throws `KeyFileError` when
 * the encryption key cannot be used and `StoreUnavailable` when the database cannot.
 */
export async function openFoundation(
  config: LiveConfig,
  surroundings: Surroundings,
): Promise<Foundation> {
  const { log, clock = systemClock, rates = defaultRates } = surroundings;
  const { statements = 'bounded', keyCheck: check = 'must-fit' } = surroundings;
  const { storage } = config.current();
  const random = systemRandom;
  let chainKeys: ChainKeys | null = null;
  const database = openDatabase(storage.database, {
    random,
    statements,
    onAudited: ({ type, severity, tenant }) => {
      // A run of evidence locks people who do not exist: nobody is to be woken for it.
      if (!isEvidenceTenant(tenant)) metrics.audited(type, severity);
    },
    chainKeys: () => chainKeys,
    isAuditFull: () => auditGate.isFull(),
  });
  const opened = openSessions({
    location: storage.sessions,
    database,
    clock,
    lifetimes: () => config.current().sessions,
  });
  const metrics = createMetrics({
    countActiveSessions: () => opened.sessions.countActive(clock.now()),
  });
  const auditGate = createWaitingGate({
    sinks: database.stores.auditSinks,
    settings: () => config.current().auditTrail,
    log,
    report: metrics.auditTrail,
  });
  const closeStores = async (): Promise<void> => {
    await opened.sessions.close();
    await database.close();
  };
  let keys: KeyRing;
  let sealer: Sealer;
  try {
    await database.migrate();
    const { stores } = database;
    keys = await openKeys(storage.encryptionKeyFile, { stores, random, log, check });
    sealer = createSealer(keys, random);
    chainKeys = chainKeysOf(sealer);
    await database.beginSigning(clock.now());
    await auditGate.look();
  } catch (error) {
    await closeStores();
    throw error;
  }
  const methods = createMethods({
    random,
    sealer,
    totpSettings: () => ({ ...config.current().totp, issuer: config.current().portal.issuer }),
    passkeySettings: () => passkeySettingsOf(config.current()),
    wallTime: () => clock.wallNow(),
  });
  const flows: FlowContext = {
    clock,
    random,
    log,
    config,
    stores: database.stores,
    sessions: opened.sessions,
    sealer,
    ...methods,
    limits: openLimits({ redis: opened.redis, rates }),
    placeOf: networkOf,
    count: (method, outcome) => metrics.authenticated(method, outcome),
  };
  return {
    flows,
    clock,
    log,
    metrics,
    database,
    opened,
    keys,
    sealer,
    auditGate,
    async close() {
      await methods.passwords.close();
      await closeStores();
    },
  };
}

function chainKeysOf(sealer: Sealer): ChainKeys {
  const purpose = 'audit chain';
  return {
    newest: () => sealer.deriveKey(purpose),
    find: (fits) => sealer.findKey(purpose, fits),
  };
}

/** What the method of passkeys is told of the configuration. */
export function passkeySettingsOf({ webauthn, portal, policy }: Config): PasskeySettings {
  return {
    ...webauthn,
    origin: portal.origin,
    issuer: portal.issuer,
    hardwareModels: policy.hardwareKeys.models,
  };
}

/** What a run of evidence needs beside the flows. */
export function evidencePartsOf(
  { clock, log }: Pick<Foundation, 'clock' | 'log'>,
  signer: Signer,
): EvidenceParts {
  return {
    version: programVersion(),
    wallNow: () => clock.wallNow(),
    async pause(seconds, signal) {
      const options = signal === null ? {} : { signal };
      await setTimeout(seconds * 1000, undefined, options).catch(() => undefined);
    },
    signer,
    // A log that somebody else brought may be one that cannot be listened to.
    tapLog: (listener) => log.tap?.(listener) ?? (() => undefined),
  };
}

/** Opens everything, and begins to send mail and the audit trail. */
export async function compose(
  config: LiveConfig,
  surroundings: Surroundings,
): Promise<Composition> {
  const { geoDatabase } = config.current().risk;
  const placeOf = geoDatabase === null ? networkOf : openPlaces(geoDatabase);
  const foundation = await openFoundation(config, surroundings);
  const { clock, log, metrics, database, opened, sealer } = foundation;
  const { random, sessions, stores } = foundation.flows;
  const flows: FlowContext = { ...foundation.flows, placeOf, mailWritten: () => mail.nudge() };

  const cookies = ownCookies(config.current().portal);
  const recall = createRecall({
    clock,
    log,
    sessions,
    users: stores.users,
    lifetimes: () => config.current().sessions,
    sessionIdIn: (header) => parseSessionCookie(header, cookies.session, sealer),
  });
  const signer = await createSigner({ clock, keys: stores.signingKeys, sealer });
  const recallToken = createRecallToken({
    clock,
    signer,
    users: stores.users,
    portal: () => config.current().portal,
    lifetimes: () => config.current().sessions,
  });
  const renderer = createRenderer();
  const evidence = evidenceRuns(flows, evidencePartsOf(foundation, signer));

  const portal = createPortal({
    flows,
    evidence,
    recall,
    recallToken,
    signer,
    session: sessionMiddleware({
      store: opened.expressStore,
      cookies,
      keys: sealer,
      random,
      // Behind a proxy that ends TLS we may not see it; the browser keeps a `Secure` cookie to
      // https by itself.
      isSecure: () => cookies.isSecure,
    }),
    renderer,
    config,
    jwks: () => signer.jwks(),
    openStreams: (tenant) => streamsOf(gateway, tenant),
    recordDecision: (judged) => gateway.recordDecision(judged),
    storeFailed: () => metrics.storeFailed(),
  });
  const gateway = createGateway({
    clock,
    random,
    log,
    metrics,
    config,
    stores,
    recall,
    recallToken,
    signer,
    isHeldUp: () =>
      config.current().auditTrail.whenFull === 'refuse' && foundation.auditGate.isFull(),
    problemPage: createProblemPage({ config, renderer, random, log }),
  });
  const auditSender = startSendingAudit(foundation);
  const mail = startMail(foundation, renderer.words);
  const stopFollowing = followKeys({ keys: foundation.keys, stores, log });
  return {
    ...foundation,
    flows,
    gateway,
    portal,
    mail,
    auditSender,
    async checkReady() {
      await Promise.all([database.check(), sessions.check()]);
    },
    async close() {
      stopFollowing();
      await evidence.stop();
      await mail.stop(new AbortController().signal);
      await auditSender.stop(new AbortController().signal);
      await foundation.close();
    },
  };
}

/** What a tenant's people have open, as pages show it. */
function streamsOf(gateway: Gateway, tenant: TenantId): readonly ListedStream[] {
  return gateway.listOpen().flatMap(({ kind, openedAt, judgement }) => {
    const { request, route, session } = judgement;
    if (session === null || session.principal.tenant !== tenant) return [];
    return [{ kind, openedAt, request, routeName: route?.name ?? '', session }];
  });
}

function startSendingAudit({ flows, clock, log, metrics, auditGate }: Foundation): AuditSender {
  const { config, random, stores } = flows;
  return startAuditSender({
    sinks: stores.auditSinks,
    audit: stores.audit,
    clock,
    random,
    log,
    gate: auditGate,
    settings: () => config.current().auditTrail,
    count: (sink, outcome, events) => metrics.auditTrail.delivered(sink, outcome, events),
    openSyslog: (settings) =>
      syslogSink(settings, {
        clock,
        hostname: () => config.current().portal.host,
        processId: process.pid,
      }),
    openWebhook: (settings) => webhookSink(settings, { clock }),
  });
}

function startMail({ flows, clock, log, metrics, sealer }: Foundation, words: Words): OutboxSender {
  const { config, stores } = flows;
  return startOutboxSender({
    outbox: stores.outbox,
    clock,
    log,
    server: () => config.current().mail,
    write: (mail) => {
      const { portal } = config.current();
      const surroundings = {
        issuer: portal.issuer,
        accountUrl: `${portal.url}/account`,
        resetsUrl: `${portal.url}/admin/resets`,
        words,
        instant: (at: number) => zonedTime(portal.timeZone).full(at),
      };
      return composeMail(mail, surroundings, linkInMail(mail, { sealer, portal }));
    },
    host: () => config.current().portal.host,
    count: (kind, outcome) => metrics.mailed(kind, outcome),
  });
}
