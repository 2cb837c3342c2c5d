/**
 * The portal by itself: real pages, flows, methods and a real SQLite file, on a real socket, with
 * a clock that stands still and a stand-in for everything that is not the portal.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import type { NextFunction, Request, Response } from 'express';
import { evidencePartsOf, passkeySettingsOf } from '../../src/compose.ts';
import type { Config } from '../../src/config/config.ts';
import type { Network } from '../../src/core/cidr.ts';
import { fixedConfig } from '../../src/config/live.ts';
import { ownCookies } from '../../src/core/cookie-names.ts';
import { idFrom } from '../../src/core/ids.ts';
import { isPortalRequest } from '../../src/core/locations.ts';
import { networkOf } from '../../src/core/place.ts';
import type { AccessPolicy } from '../../src/core/policy/mfa-policy.ts';
import type { Route } from '../../src/core/route.ts';
import { evidenceRuns } from '../../src/flows/evidence/evidence-runs.ts';
import type { FlowContext } from '../../src/flows/flow-context.ts';
import { createUser } from '../../src/flows/admin/users.ts';
import { createRecall } from '../../src/gateway/recall.ts';
import { createRecallToken } from '../../src/gateway/recall-token.ts';
import { createMethods } from '../../src/methods/registry.ts';
import { createSealer } from '../../src/platform/seal.ts';
import { requestFactsOf, setRequestFacts } from '../../src/platform/request-facts.ts';
import { createSigner } from '../../src/platform/signing.ts';
import { defaultRates, openLimits, type Rates } from '../../src/stores/limits/limits.ts';
import { openSessions } from '../../src/stores/sessions/choose.ts';
import { parseSessionCookie } from '../../src/stores/sessions/session-cookie.ts';
import { sessionMiddleware } from '../../src/stores/sessions/session-middleware.ts';
import type { JudgedRequest, ListedStream } from '../../src/web/exchange.ts';
import { createPortal } from '../../src/web/portal.ts';
import { createRenderer } from '../../src/web/render.ts';
import { aConfig } from './a-config.ts';
import { aPolicy, aRequest, aRoute } from './builders.ts';
import { cheapPasswords } from './cheap-passwords.ts';
import { fixedClock, type FixedClock } from './fixed-clock.ts';
import { listening } from './listening.ts';
import { makeCertificate } from './nginx.ts';
import { quietLog } from './quiet-log.ts';
import { seededRandom } from './seeded-random.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { openThrowAwayDatabase } from './throw-away-database.ts';
import { WebClient } from './web-client.ts';

/** Somebody who can sign in. */
export interface Person {
  readonly username: string;
  readonly password: string;
}

/** A running portal. */
export interface TestPortal {
  /** What is typed: `http://console.test`. */
  readonly origin: string;
  /** Where it listens. */
  readonly address: { readonly host: string; readonly port: number };
  readonly config: Config;
  readonly clock: FixedClock;
  readonly flows: FlowContext;
  /** What was decided about the administration, in order. */
  readonly decisions: readonly JudgedRequest[];
  /** Somebody at a browser who has no cookies yet. */
  visitor(): WebClient;
  addPerson(username: string, groups?: readonly string[]): Promise<Person>;
  stop(): Promise<void>;
}

/** What may differ from the plain portal. */
export interface PortalDifferences {
  readonly origin?: string;
  /** Below the origin, or an address of its own. */
  readonly portalUrl?: string;
  readonly cookieDomain?: string;
  readonly policy?: AccessPolicy;
  readonly routes?: readonly Route[];
  readonly rates?: Rates;
  /** The one that the administration can be reached from; null: from anywhere. Everybody is 127.0.0.1. */
  readonly network?: Network | null;
  /** What is open; a test may fill it later. */
  readonly streams?: readonly ListedStream[];
  /** Changes what flows work with: a store that fails, a clock that jumps. */
  readonly meddle?: (flows: FlowContext) => FlowContext;
}

/** Rates that no test runs into by accident. */
const generousRates: Rates = {
  ...defaultRates,
  passwordPerAccount: { timesMax: 10_000, withinSeconds: 60 },
  passwordPerAddress: { timesMax: 10_000, withinSeconds: 60 },
  page: { timesMax: 100_000, withinSeconds: 60 },
  code: { timesMax: 100_000, withinSeconds: 60 },
  recoveryCodes: { timesMax: 10_000, withinSeconds: 60 },
};

/** Long enough, and in no list of guesses. */
const password = 'wintry-lantern-94-otter';

/** Starts a portal. Whoever is not asking for the portal gets a page that says "landed". */
export async function startPortal(differences: PortalDifferences = {}): Promise<TestPortal> {
  const folder = temporaryFolder();
  const random = seededRandom();
  const clock = fixedClock();
  const config = configFor(differences, folder.path);
  const live = fixedConfig(config);
  const sealer = createSealer([random.bytes(32)], random);
  const file = path.join(folder.path, 'portal.db');
  const database = await openThrowAwayDatabase({ kind: 'sqlite', file }, random);
  const opened = openSessions({
    location: { kind: 'database' },
    database,
    clock,
    lifetimes: () => config.sessions,
  });
  const methods = createMethods({
    random,
    sealer,
    wallTime: (now) => now,
    totpSettings: () => ({ ...config.totp, issuer: config.portal.issuer }),
    passkeySettings: () => passkeySettingsOf(config),
  });
  const plainFlows: FlowContext = {
    clock,
    random,
    log: quietLog,
    config: live,
    stores: database.stores,
    sessions: opened.sessions,
    sealer,
    ...methods,
    passwords: cheapPasswords,
    limits: openLimits({ redis: null, rates: differences.rates ?? generousRates }),
    placeOf: networkOf,
    count: () => {},
  };
  const flows = differences.meddle?.(plainFlows) ?? plainFlows;

  const signer = await createSigner({ clock, keys: database.stores.signingKeys, sealer });
  const cookies = ownCookies(config.portal);
  const decisions: JudgedRequest[] = [];
  const evidence = evidenceRuns(flows, {
    ...evidencePartsOf({ clock, log: quietLog }, signer),
    pause: (seconds) => Promise.resolve(clock.advance(seconds)),
  });
  const handle = createPortal({
    flows,
    evidence,
    recall: createRecall({
      clock,
      log: quietLog,
      sessions: flows.sessions,
      users: flows.stores.users,
      lifetimes: () => config.sessions,
      sessionIdIn: (header) => parseSessionCookie(header, cookies.session, sealer),
    }),
    recallToken: createRecallToken({
      clock,
      signer,
      users: flows.stores.users,
      portal: () => config.portal,
      lifetimes: () => config.sessions,
    }),
    signer,
    session: sessionMiddleware({
      store: opened.expressStore,
      cookies,
      keys: sealer,
      random,
      isSecure: (req) => requestFactsOf(req).scheme === 'https',
    }),
    renderer: createRenderer(),
    config: live,
    jwks: () => signer.jwks(),
    openStreams: (tenant) =>
      (differences.streams ?? []).filter(({ session }) => session.principal.tenant === tenant),
    recordDecision: (judged) => {
      decisions.push(judged);
    },
    storeFailed: () => {},
  });

  const answer: http.RequestListener = (req, res) => {
    settleFacts(req, config);
    if (!isPortalRequest(config.portal, requestFactsOf(req))) {
      res.end(`landed on ${req.url ?? ''}`);
      return;
    }
    void handle(req as Request, res as Response, assert.fail as NextFunction);
  };
  const server = await createServer(config.portal.origin, folder.path, answer);
  const { port } = await listening(server);
  const address = { host: '127.0.0.1', port };

  return {
    origin: config.server.publicUrl,
    address,
    config,
    clock,
    flows,
    decisions,
    visitor: () => new WebClient(config.portal.origin, address),
    async addPerson(username, groups = []) {
      const answer = await createUser(plainFlows, { username, groups, password });
      assert.ok(answer.ok, JSON.stringify(answer));
      return { username, password };
    },
    async stop() {
      await evidence.stop();
      server.closeAllConnections();
      server.close();
      await methods.passwords.close();
      await opened.sessions.close();
      await database.close();
      folder.remove();
    },
  };
}

async function createServer(
  origin: string,
  folder: string,
  answer: http.RequestListener,
): Promise<http.Server | https.Server> {
  if (origin.startsWith('http:')) return http.createServer(answer);
  const { certFile, keyFile } = await makeCertificate(folder, [new URL(origin).hostname]);
  const tls = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  return https.createServer(tls, answer);
}

function settleFacts(req: http.IncomingMessage, config: Config): void {
  const scheme = config.portal.origin.startsWith('https:') ? 'https' : 'http';
  const url = new URL(req.url ?? '/', `${scheme}://${req.headers.host ?? 'console.test'}`);
  const facts = aRequest({
    id: idFrom('request', Buffer.from(`${String(req.method)} ${url.pathname}`)),
    door: 'portal',
    method: req.method ?? 'GET',
    scheme,
    host: url.hostname,
    authority: url.host,
    path: url.pathname,
    query: url.search,
    ip: '127.0.0.1',
    userAgent: req.headers['user-agent'] ?? '',
  });
  setRequestFacts(req, facts);
}

function configFor(differences: PortalDifferences, folder: string): Config {
  const { origin = 'http://console.test', portalUrl, cookieDomain = null } = differences;
  return aConfig({
    server: { publicUrl: origin },
    portal: { cookieDomain, network: differences.network ?? null },
    ...(portalUrl !== undefined && { portalUrl }),
    storage: {
      database: { kind: 'sqlite', file: path.join(folder, 'portal.db') },
      sessions: { kind: 'database' },
      encryptionKeyFile: path.join(folder, 'encryption.key'),
    },
    policy: differences.policy ?? obligingPolicy(),
    routes: differences.routes ?? [aRoute({ name: 'admin-console', path: '/**' })],
    logLevel: 'error',
  });
}

/** TIER0 and TIER1 must have an authenticator app and recovery codes; others need not. */
function obligingPolicy(): AccessPolicy {
  const plain = aPolicy();
  const required = { isEnabled: true, requiredForTiers: ['TIER0', 'TIER1'] } as const;
  return {
    ...plain,
    mfa: {
      ...plain.mfa,
      methods: { ...plain.mfa.methods, totp: required },
      recoveryCodes: { ...plain.mfa.recoveryCodes, ...required },
    },
  };
}
