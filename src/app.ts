/**
 * The order of the doors, and the listeners they are behind.
 *
 * Every request is settled by `receive` before anything else looks at it. Forward auth comes first,
 * because its headers speak of another request; then our own pages; everything else is judged.
 */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { type AddressInfo, isIP } from 'node:net';
import express from 'express';
import { compose, type Composition, type Surroundings } from './compose.ts';
import type { Config, LiveConfig } from './config/config.ts';
import { isPortalRequest } from './core/locations.ts';
import { addSeconds } from './core/time.ts';
import { expireResets } from './flows/admin/resets/end-request.ts';
import { servicesOfUnknownNetworks } from './flows/admin/services.ts';
import { noteToday } from './flows/admin/mfa-status.ts';
import { checkAudit, onceIn, pruneAudit } from './flows/operating/keep-audit.ts';
import { removeOldSigningKeys } from './flows/operating/old-keys.ts';
import { type Management, startManagement } from './platform/management.ts';
import { setRequestFacts } from './platform/request-facts.ts';
import type { DrainStep } from './platform/shutdown.ts';
import { sinksOf } from './sinks/waiting-gate.ts';
import { deviceCookieSeconds } from './web/device-cookie.ts';

/** A gateway that accepts connections. */
export interface RunningGateway {
  /** Where it listens: `http://127.0.0.1:8080`. What people type is `server.publicUrl`. */
  readonly url: string;
  /** Where the management listener is, or null where there is none. */
  readonly management: string | null;
  readonly composition: Composition;
  /** What ends it in good order, one step after the other. */
  readonly drainSteps: readonly DrainStep[];
}

/** Starts a gateway on the addresses of its configuration. */
export async function startGateway(
  config: LiveConfig,
  surroundings: Surroundings,
): Promise<RunningGateway> {
  const composition = await compose(config, surroundings);
  let isDraining = false;
  let management: Management | null = null;
  try {
    const { server: settings } = config.current();
    if (settings.management !== null) {
      management = await startManagement(settings.management, {
        log: surroundings.log,
        checkReady: () => composition.checkReady(),
        isDraining: () => isDraining,
        readMetrics: () => composition.metrics.read(),
      });
    }
    const server = createListener(composition, config.current());
    server.listen(settings.listen.port, settings.listen.host);
    await once(server, 'listening');
    await warnOfServices(composition);
    warnOfAddress(composition);

    const stopKeepingHouse = keepHouse(composition);
    return {
      url: urlOf(server, config.current()),
      management: management?.url ?? null,
      composition,
      drainSteps: [
        { name: 'report not ready', run: () => void (isDraining = true) },
        { name: 'accept nothing new', run: () => stopAccepting(server) },
        { name: 'finish what is under way', run: (hurry) => finish(composition, server, hurry) },
        { name: 'stop keeping house', run: stopKeepingHouse },
        { name: 'finish the mail under way', run: (hurry) => composition.mail.stop(hurry) },
        { name: 'send the audit trail on', run: (hurry) => composition.auditSender.stop(hurry) },
        { name: 'close the management listener', run: async () => management?.close() },
        { name: 'close the stores', run: () => composition.close() },
      ],
    };
  } catch (error) {
    await management?.close();
    await composition.close();
    throw error;
  }
}

/** Says which service accounts get nowhere, or not from everywhere, by this configuration. */
async function warnOfServices({ flows, log }: Composition): Promise<void> {
  for (const { username, networks } of await servicesOfUnknownNetworks(flows)) {
    log.warn(
      { service: username, networks },
      'a service account is bound to networks that the configuration does not have',
    );
  }
}

/** Passkeys belong to a domain (WebAuthn L3 §5.1.3): behind an address nobody can have one. */
function warnOfAddress({ flows, log }: Composition): void {
  const { portal, policy } = flows.config.current();
  const tiers = policy.mfa.methods.webauthn.requiredForTiers;
  if (isIP(portal.host) === 0 || !policy.mfa.isEnabled || tiers.length === 0) return;
  log.warn(
    { portal: portal.url, tiers },
    'these tiers must enroll a passkey and cannot: portal.url names an address, not a host',
  );
}

/** Our own pages as an Express application. Requests reach it with their facts settled. */
function portalApp({ portal }: Composition): express.Express {
  const app = express();
  app.set('x-powered-by', false);
  app.set('etag', false);
  app.set('trust proxy', false);
  app.use(portal);
  return app;
}

/** How long a client may take over the headers of a request (security F21). */
const headersMilliseconds = 15_000;

/** Longer than the keep-alive of the proxies that stand in front of us, which is 60 s or less. */
const keepAliveMilliseconds = 75_000;

function createListener(composition: Composition, { server: settings }: Config): http.Server {
  const { gateway } = composition;
  const pages = portalApp(composition);
  const options: http.ServerOptions = {
    insecureHTTPParser: false,
    joinDuplicateHeaders: false,
    maxHeaderSize: 16_384,
    headersTimeout: headersMilliseconds,
    // A whole upload may take as long as it likes; silence is ended by the route's idle time.
    requestTimeout: 0,
    keepAliveTimeout: keepAliveMilliseconds,
    shouldUpgradeCallback: (req) => gateway.shouldUpgrade(req),
  };
  const listener = (req: http.IncomingMessage, res: http.ServerResponse): void => {
    if (gateway.forwardAuth(req, res)) return;
    const request = gateway.receive(req, res, 'http');
    if (request === null) return;
    if (isPortalRequest(composition.flows.config.current().portal, request)) {
      setRequestFacts(req, request);
      pages(req, res);
    } else {
      void gateway.handle({ req, res, request });
    }
  };
  const server =
    settings.tls === null
      ? http.createServer(options, listener)
      : https.createServer(
          {
            ...options,
            cert: readFileSync(settings.tls.certFile),
            key: readFileSync(settings.tls.keyFile),
            minVersion: 'TLSv1.2',
          },
          listener,
        );
  // Node would answer an expectation that it does not know by itself, without saying who answered.
  server.on('checkExpectation', listener);
  server.on('upgrade', (req, socket, head) => gateway.upgrade({ req, socket, head }));
  // Without a listener the connection would just end; this door refuses the method like any other.
  server.on('connect', (req, socket, head) => gateway.upgrade({ req, socket, head }));
  server.on('clientError', (error, socket) => gateway.clientError(error, socket));
  return server;
}

function stopAccepting(server: http.Server): void {
  server.close();
  server.closeIdleConnections();
}

async function finish(
  { gateway }: Composition,
  server: http.Server,
  hurry: AbortSignal,
): Promise<void> {
  const graceMilliseconds = 15_000;
  await Promise.race([gateway.drain(graceMilliseconds), aborted(hurry)]);
  server.closeAllConnections();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

const housekeepingMilliseconds = 60_000;

/** Open streams look back a minute for changes of access; ten are kept. */
const accessChangesKeptSeconds = 600;

/** As long as browsers keep the cookie by which they are known. */
const devicesKeptSeconds = deviceCookieSeconds;

/** A place that somebody has not been to for half a year is news again. */
const placesKeptSeconds = 180 * 24 * 3600;

/** Old audit events are removed so often, and new ones checked. */
const auditSeconds = { prune: 3600, check: 24 * 3600 } as const;

/** How people stand is noted so often, in place of what was noted that day before. */
const noteSeconds = 3600;

/** Removes what has expired, once a minute. Failing to is no reason to stop. */
export function keepHouse({ flows, clock, log, metrics }: Composition): () => void {
  const isPruningDue = onceIn(auditSeconds.prune);
  const isCheckDue = onceIn(auditSeconds.check);
  const isNoteDue = onceIn(noteSeconds);
  // At once, but in the background: a long trail takes its time, and keeps nobody waiting.
  const checkAuditWhenDue = (): void => {
    if (!isCheckDue(clock.now())) return;
    void checkAudit(flows, (isWhole) => metrics.auditTrail.checked(isWhole));
  };
  checkAuditWhenDue();
  const timer = setInterval(() => {
    const now = clock.now();
    const { stores, sessions, config } = flows;
    checkAuditWhenDue();
    Promise.all([
      stores.challenges.removeExpired(now),
      stores.usedChallenges.removeExpired(now),
      stores.idempotency.removeExpired(now),
      stores.revokedSessions.removeExpired(now),
      stores.accessChanges.removeBefore(addSeconds(now, -accessChangesKeptSeconds)),
      stores.devices.removeUnseenSince(addSeconds(now, -devicesKeptSeconds)),
      stores.places.removeUnseenSince(addSeconds(now, -placesKeptSeconds)),
      stores.enrollmentLinks.removeExpired(now),
      removeOldSigningKeys(stores, now),
      sessions.removeExpired(now),
      expireResets(flows),
      isNoteDue(now) ? noteToday(flows) : null,
      isPruningDue(now) ? pruneAudit(flows, sinksOf(config.current().auditTrail)) : null,
    ]).catch((error: unknown) => log.warn({ err: error }, 'housekeeping failed'));
  }, housekeepingMilliseconds);
  timer.unref();
  return () => clearInterval(timer);
}

function urlOf(server: http.Server, { server: settings }: Config): string {
  const { port } = server.address() as AddressInfo;
  const { host } = settings.listen;
  const scheme = settings.tls === null ? 'http' : 'https';
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
}
