/**
 * The gateway alone, behind a real HTTP server, with stores in memory: everything between a
 * client's socket and an upstream's, without pages and databases.
 */

import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Config } from '../../src/config/config.ts';
import type { NewAuditEvent } from '../../src/core/audit-event.ts';
import type { Principal, SessionFacts } from '../../src/core/facts.ts';
import type { SessionKey, UserId } from '../../src/core/ids.ts';
import type { Route } from '../../src/core/route.ts';
import { noTenantRules } from '../../src/core/tenant-rules.ts';
import { createGateway, type Gateway, type GatewayDeps } from '../../src/gateway/gateway.ts';
import { createRecall } from '../../src/gateway/recall.ts';
import { createRecallToken } from '../../src/gateway/recall-token.ts';
import { createMetrics, type Metrics } from '../../src/platform/metrics.ts';
import type { Logger } from '../../src/platform/log.ts';
import { createSigner, type SigningKeys } from '../../src/platform/signing.ts';
import {
  type AccessChange,
  type AccessChangeStore,
  type AuditStore,
  type PrincipalRecord,
  type Session,
  type Sessions,
  StoreUnavailable,
  type UserStore,
} from '../../src/stores/types.ts';
import { aConfig } from './a-config.ts';
import { aPrincipal, aProof, NOON } from './builders.ts';
import { type FixedClock, fixedClock } from './fixed-clock.ts';
import { listening } from './listening.ts';
import { seededRandom } from './seeded-random.ts';

/** What a test may set otherwise. */
export interface BareGatewayOptions {
  readonly routes: readonly Route[];
  readonly config?: Partial<Omit<Config, 'routes'>>;
  readonly trustedProxies?: Config['server']['trustedProxies'];
  readonly publicUrl?: string;
  readonly portalUrl?: string;
  readonly upgradeLimits?: NonNullable<GatewayDeps['upgradeLimits']>;
}

/** Stores in memory that a test can look into, and take down. */
export interface MemoryStores {
  readonly sessions: Map<string, Session>;
  readonly users: Map<UserId, PrincipalRecord>;
  readonly changes: AccessChange[];
  readonly audit: NewAuditEvent[];
  readonly lookUps: { sessions: number; users: number; touches: number };
  /** Everything throws `StoreUnavailable`. */
  isDown: boolean;
}

/** A running gateway. */
export interface BareGateway {
  readonly port: number;
  readonly origin: string;
  readonly server: Server;
  readonly sockets: ReadonlySet<Socket>;
  readonly gateway: Gateway;
  readonly clock: FixedClock;
  readonly stores: MemoryStores;
  readonly metrics: Metrics;
  /** Lines of the log, as objects. */
  readonly log: { readonly message: string; readonly [field: string]: unknown }[];
  /** Signs somebody in and returns the `Cookie` header. */
  signIn(as?: SignInAs): string;
  /** Signs somebody in and returns an `Authorization` header. */
  bearer(as?: SignInAs & { readonly seconds?: number }): Promise<string>;
  /** Swaps the routes, as a reload does. */
  reload(routes: readonly Route[]): void;
  stop(): Promise<void>;
}

/** Who is signed in, and with what. */
export interface SignInAs {
  readonly principal?: Partial<Principal>;
  readonly proofs?: SessionFacts['proofs'];
  readonly enrolled?: SessionFacts['enrolled'];
  readonly createdAt?: number;
  /** From when on they must have a second factor. */
  readonly enrollBy?: number;
  readonly remindedAt?: number;
}

/** Starts a gateway on a free port. */
export async function startBareGateway(options: BareGatewayOptions): Promise<BareGateway> {
  const clock = fixedClock();
  const random = seededRandom();
  const stores = memoryStores();
  const metrics = createMetrics({ countActiveSessions: async () => stores.sessions.size });
  const lines: { message: string; [field: string]: unknown }[] = [];
  const log = memoryLog(lines);
  let config = configFor(options);
  const live = { current: () => config };

  const signer = await createSigner({
    clock,
    keys: keysInMemory(),
    sealer: {
      seal: (plain) => Buffer.from(plain).toString('base64'),
      unseal: (sealed) => Buffer.from(sealed, 'base64'),
    },
  });
  const deps: GatewayDeps = {
    clock,
    random,
    log,
    metrics,
    config: live,
    stores: {
      users: usersOf(stores) as UserStore,
      audit: auditOf(stores) as AuditStore,
      accessChanges: changesOf(stores) as AccessChangeStore,
    },
    recall: createRecall({
      clock,
      log,
      sessions: sessionsOf(stores) as Sessions,
      users: usersOf(stores),
      lifetimes: () => config.sessions,
      sessionIdIn: (header) => /(?:^|; ?)sallyport=([\w-]+)/.exec(header ?? '')?.[1] ?? null,
    }),
    recallToken: createRecallToken({
      clock,
      signer,
      users: usersOf(stores),
      portal: () => config.portal,
      lifetimes: () => config.sessions,
    }),
    signer,
    problemPage: (problem) => ({
      html: `<!doctype html><title>${problem.message}</title><p>${problem.code}</p>`,
      headers: {},
    }),
    ...(options.upgradeLimits !== undefined && { upgradeLimits: options.upgradeLimits }),
  };
  const gateway = createGateway(deps);

  const listener: RequestListener = (req, res) => {
    if (gateway.forwardAuth(req, res)) return;
    const request = gateway.receive(req, res, 'http');
    if (request !== null) void gateway.handle({ req, res, request });
  };
  const server = createServer(
    { shouldUpgradeCallback: (req) => gateway.shouldUpgrade(req), requestTimeout: 0 },
    listener,
  );
  server.on('checkExpectation', listener);
  server.on('upgrade', (req, socket, head) => gateway.upgrade({ req, socket, head }));
  server.on('connect', (req, socket, head) => gateway.upgrade({ req, socket, head }));
  server.on('clientError', (error, socket) => gateway.clientError(error, socket));
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const { port, origin } = await listening(server);

  const addUser = (as: SignInAs): Principal => {
    const principal = aPrincipal(as.principal);
    stores.users.set(principal.id, {
      user: {
        ...principal,
        sessionEpoch: 0,
        createdAt: NOON,
        mustEnrollAt: as.enrollBy ?? null,
        remindedAt: as.remindedAt ?? null,
        enrollGuard: null,
      },
      tenantRules: noTenantRules,
      attestedModels: [],
      enrolled: as.enrolled ?? ['totp'],
      recoveryCodesLeft: 10,
      isSessionRevoked: false,
    });
    return principal;
  };
  let signedIn = 0;
  return {
    port,
    origin,
    server,
    sockets,
    gateway,
    clock,
    stores,
    metrics,
    log: lines,
    signIn(as = {}) {
      signedIn += 1;
      const id = `session-${String(signedIn)}`;
      const principal = addUser(as);
      const key = `key-${String(signedIn)}` as SessionKey;
      const createdAt = as.createdAt ?? clock.now();
      stores.sessions.set(id, {
        key,
        lineage: key,
        userId: principal.id,
        sessionEpoch: 0,
        proofs: proofsOf(as, createdAt),
        createdAt,
        lastSeenAt: createdAt,
        ip: '127.0.0.1',
        userAgent: '',
      });
      return `sallyport=${id}`;
    },
    async bearer(as = {}) {
      signedIn += 1;
      const { id, username, displayName, groups, tenant } = addUser(as);
      const since = as.createdAt ?? clock.now();
      const claims = {
        sub: id,
        jti: `tok_${String(signedIn)}`,
        client_id: 'sallyport',
        scope: 'api routes',
        tenant,
        preferred_username: username,
        name: displayName,
        groups,
        tier: 'TIER3',
        acr: 'aal2',
        amr: ['mfa', 'otp', 'pwd'],
        auth_time: Math.floor(since / 1000),
        sallyport: {
          lineage: `lineage-${String(signedIn)}` as SessionKey,
          epoch: 0,
          since,
          proofs: proofsOf(as, since),
        },
      };
      const expiresAt = clock.now() + (as.seconds ?? 1200) * 1000;
      const { portal } = config;
      return `Bearer ${await signer.signToken('access', claims, { portal, expiresAt })}`;
    },
    reload(routes) {
      config = { ...config, routes };
    },
    async stop() {
      await gateway.drain(0);
      server.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function proofsOf(as: SignInAs, at: number): SessionFacts['proofs'] {
  return as.proofs ?? [aProof('password', { at }), aProof('totp', { at })];
}

function configFor(options: BareGatewayOptions): Config {
  const { publicUrl = 'http://console.example.com', portalUrl, trustedProxies = [] } = options;
  return aConfig({
    ...options.config,
    server: { publicUrl, trustedProxies },
    portal: { timeZone: 'UTC' },
    ...(portalUrl !== undefined && { portalUrl }),
    routes: options.routes,
  });
}

function memoryStores(): MemoryStores {
  return {
    sessions: new Map(),
    users: new Map(),
    changes: [],
    audit: [],
    lookUps: { sessions: 0, users: 0, touches: 0 },
    isDown: false,
  };
}

function assertUp(stores: MemoryStores): void {
  if (stores.isDown) throw new StoreUnavailable('memory');
}

function sessionsOf(stores: MemoryStores): Pick<Sessions, 'findById' | 'touch' | 'remove'> {
  return {
    async findById(id) {
      stores.lookUps.sessions += 1;
      assertUp(stores);
      return stores.sessions.get(id) ?? null;
    },
    async touch(session, now) {
      stores.lookUps.touches += 1;
      assertUp(stores);
      for (const [id, known] of stores.sessions) {
        if (known.key === session.key) stores.sessions.set(id, { ...known, lastSeenAt: now });
      }
    },
    async remove(key) {
      assertUp(stores);
      const found = [...stores.sessions].find(([, session]) => session.key === key);
      return found !== undefined && stores.sessions.delete(found[0]);
    },
  };
}

function usersOf(stores: MemoryStores): Pick<UserStore, 'findPrincipal'> {
  return {
    async findPrincipal(id) {
      stores.lookUps.users += 1;
      assertUp(stores);
      return stores.users.get(id) ?? null;
    },
  };
}

function auditOf(stores: MemoryStores): Pick<AuditStore, 'appendAll'> {
  return {
    async appendAll(events) {
      assertUp(stores);
      stores.audit.push(...events);
    },
  };
}

function changesOf(stores: MemoryStores): Pick<AccessChangeStore, 'since'> {
  return {
    async since() {
      assertUp(stores);
      return [...stores.changes];
    },
  };
}

function keysInMemory(): SigningKeys {
  const records: Awaited<ReturnType<SigningKeys['list']>>[number][] = [];
  return {
    list: async () => [...records],
    create: async (key) => void records.unshift(key),
  };
}

function memoryLog(lines: { message: string; [field: string]: unknown }[]): Logger {
  const write = (fields: object, message: string): void => {
    lines.push({ ...fields, message });
  };
  return {
    debug: write,
    info: write,
    warn: write,
    error: write,
    fatal: write,
  } as unknown as Logger;
}
