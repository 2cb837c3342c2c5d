/**
 * A room in which administrators look at what happened and why: the whole gateway in front of an
 * upstream, with somebody of each kind, in two tenants.
 */

import assert from 'node:assert/strict';
import type { NewAuditEvent } from '../../src/core/audit-event.ts';
import { defaultTenant, type TenantId } from '../../src/core/ids.ts';
import { createTenant } from '../../src/flows/admin/tenants.ts';
import { createUser } from '../../src/flows/admin/users.ts';
import type { User } from '../../src/stores/types.ts';
import { startFakeUpstream, type FakeUpstream } from './fake-upstream.ts';
import { fixedClock, type FixedClock } from './fixed-clock.ts';
import { type Enrolled, nextCode, signIn, signInWithCode } from './http-verbs.ts';
import { passwordOf, startGateway, type Settings, type TestGateway } from './start-gateway.ts';
import { textsMarked, type WebClient } from './web-client.ts';

/** A room that is open. */
export interface WatchRoom {
  readonly gateway: TestGateway;
  readonly upstream: FakeUpstream;
  readonly clock: FixedClock;
  /** Signs somebody in with two factors, who is made if they are not there. */
  enter(username: string, groups: readonly string[], tenant?: string): Promise<Enrolled>;
  /** Somebody with an account who is not signed in. */
  person(username: string, groups: readonly string[], tenant?: string): Promise<User>;
  /** Puts an event into the trail; a test names what matters. */
  happen(event: Partial<NewAuditEvent>): Promise<string>;
  close(): Promise<void>;
}

/** Groups of the room: who administers, and whom rules name. */
export const roomGroups = { admin: 'DESK', auditor: 'WATCH', staff: 'STAFF' } as const;

/** Opens a room; what the settings add stands beside its own. */
export async function openWatchRoom(settings: Partial<Settings> = {}): Promise<WatchRoom> {
  const clock = fixedClock();
  const upstream = await startFakeUpstream();
  const gateway = await startGateway({
    clock,
    policy: roomPolicy,
    settings: {
      networks: { 'zone-e': ['10.20.0.0/24'], here: ['127.0.0.0/8'] },
      administration: {
        admins: [roomGroups.admin],
        auditors: [roomGroups.auditor],
      },
      ...settings,
      server: { trustedProxies: ['127.0.0.1'], ...settings.server },
      policy: { tiers: { TIER0: ['ROOT'], TIER1: ['DESK', 'WATCH'] }, ...settings.policy },
      routes: settings.routes ?? roomRoutes(upstream.origin),
    },
  }).catch(async (error: unknown) => {
    // A socket that is left open would keep the tests from ending.
    await upstream.stop();
    throw error;
  });
  const { flows } = gateway.composition;

  const person: WatchRoom['person'] = async (username, groups, tenant = defaultTenant) => {
    const known = await flows.stores.users.findByUsername(username);
    if (known !== null) return known;
    if ((await flows.stores.tenants.find(tenant as TenantId)) === null) {
      const made = await createTenant(flows, { name: tenant });
      assert.ok(made.ok);
    }
    const password = passwordOf(username);
    const answer = await createUser(flows, { username, groups, password, tenant });
    assert.ok(answer.ok, answer.ok ? '' : answer.sentence);
    return answer.user;
  };

  return {
    gateway,
    upstream,
    clock,
    person,
    async enter(username, groups, tenant = defaultTenant) {
      await person(username, groups, tenant);
      const password = passwordOf(username);
      const target = '/_mfa/account';
      const enrolling = gateway.newClient();
      await signIn(enrolling, { target, username, password });
      const form = await enrolling.open('/_mfa/enroll/totp');
      const [secret = ''] = textsMarked(form, 'data-totp-secret');
      const shown = await enrolling.submit(form, { code: nextCode(clock, secret) });
      const recoveryCodes = textsMarked(shown, 'data-recovery-code');
      await enrolling.submit(shown, { stored: 'yes' });
      // What was proved while enrolling is never fresh; administration asks for what is.
      const client = gateway.newClient();
      const enrolled = { username, password, secret };
      const landed = await signInWithCode(client, { target, person: enrolled, clock });
      return { ...enrolled, client, recoveryCodes, landed };
    },
    async happen(event) {
      const appended = await flows.stores.audit.append({
        at: clock.now(),
        type: 'session.signed-in',
        severity: 'info',
        actor: 'ben',
        subject: null,
        tenant: defaultTenant,
        ip: '192.0.2.7',
        userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0',
        session: null,
        requestId: null,
        details: {},
        ...event,
      });
      return appended.id;
    },
    async close() {
      await gateway.close();
      await upstream.stop();
    },
  };
}

/** Asks for a page as it comes through a proxy that is trusted, from some address. */
export function from(ip: string): { readonly headers: Readonly<Record<string, string>> } {
  return { headers: { 'x-forwarded-for': ip } };
}

/** A page of the administration. */
export async function openPage(client: WebClient, path: string): Promise<string> {
  const answer = await client.visit(`/_mfa${path}`);
  assert.equal(answer.status, 200, `${path}: ${answer.body.slice(0, 2000)}`);
  return answer.body;
}

/** Everybody with a tier must have an app and codes; consoles ask for a step-up. */
const roomPolicy = {
  mfa: {
    enabled: true,
    methods: {
      totp: { enabled: true, required_for_tiers: ['TIER0', 'TIER1'] },
      webauthn: { enabled: true, required_for_tiers: [] },
    },
    recovery_codes: {
      enabled: true,
      min_codes: 10,
      required_for_tiers: ['TIER0', 'TIER1'],
      regenerate_invalidates_old: true,
    },
  },
  enforcement: { block_token_issuance_until_enrolled: true, step_up_for_admin_console: true },
  reset_policy: {
    enabled: true,
    allowed_roles: [roomGroups.admin],
    requires_approval: true,
    requires_identity_proofing: true,
    post_reset_require_enroll: true,
    severity: 'high',
  },
  audit: {
    log_mfa_enroll: true,
    log_mfa_reset: true,
    log_recovery_codes_generated: true,
    log_recovery_code_used: true,
  },
};

function roomRoutes(upstream: string): readonly object[] {
  return [
    {
      name: 'zone',
      path: '/zone/**',
      upstream,
      network: 'zone-e',
      rules: [{ requires: { level: 1 } }],
    },
    {
      name: 'console',
      path: '/console/**',
      upstream,
      adminConsole: true,
      rules: [
        { when: { path: '/console/assets/**', method: 'GET' }, effect: 'public' },
        { when: { path: '/console/old/**' }, effect: 'deny' },
        {
          when: { method: ['POST', 'DELETE'] },
          for: { groups: ['DESK'] },
          requires: { level: 2, within: '5m' },
        },
        { when: { path: '/console/zed/**' }, for: { users: ['zed'] }, requires: { level: 2 } },
        { when: { method: 'GET' }, requires: { level: 2 } },
      ],
    },
    { name: 'plain', path: '/plain/**', upstream, rules: [{ requires: { level: 1 } }] },
    {
      name: 'keys',
      path: '/keys/**',
      upstream,
      rules: [{ requires: { level: 2, phishingResistant: true } }],
    },
  ];
}
