/** Every question that a page of the administration asks of storage. */

import type { AuditEventId, SessionKey, TenantId, UserId } from '../../../src/core/ids.ts';
import type { StatusPolicy } from '../../../src/core/policy/enrollment-status.ts';
import { openSessions } from '../../../src/stores/sessions/choose.ts';
import type { SqlDatabase } from '../../../src/stores/sql/database.ts';
import type { PeopleFilter } from '../../../src/stores/types/administration.ts';
import type { AuditFilter } from '../../../src/stores/types/audit-trail.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { benchNow, type Size } from './fill.ts';
import type { Case } from './measure.ts';

const limit = 50;
const day = 86_400_000;
const tenant = 'default' as TenantId;

const policy: StatusPolicy = {
  groupsOf: { TIER0: ['DOMAIN-ADMINS'], TIER1: ['OPERATIONS'], TIER2: ['STAFF'], TIER3: [] },
  requiredOf: {
    TIER0: ['webauthn', 'recovery-code'],
    TIER1: ['totp', 'recovery-code'],
    TIER2: [],
    TIER3: [],
  },
  enabled: ['totp', 'webauthn'],
  hardwareKeys: { tiers: [], models: [] },
  isMfaEnabled: true,
};
const at = { policy, now: benchNow };

const everybody: PeopleFilter = {
  tenant,
  text: null,
  tier: null,
  group: null,
  status: null,
  method: null,
  kind: null,
  isDisabled: null,
  isLocked: null,
};

const peopleFilters: Readonly<Record<string, Partial<PeopleFilter>>> = {
  everybody: {},
  'people, not disabled': { kind: 'user', isDisabled: false },
  services: { kind: 'service' },
  disabled: { isDisabled: true },
  'text at the beginning (carla.n)': { text: 'carla.n' },
  'text in the middle (novak4711)': { text: 'novak4711' },
  'text that nobody has': { text: 'no such person' },
  'tier 0': { tier: 'TIER0' },
  'tier 1': { tier: 'TIER1' },
  'tier 3': { tier: 'TIER3' },
  'a small group': { group: 'DOMAIN-ADMINS' },
  'a large group': { group: 'EVERYONE' },
  'a group of nobody': { group: 'NONE' },
  enrolled: { status: 'enrolled' },
  'in grace': { status: 'in-grace' },
  missing: { status: 'missing' },
  'not asked': { status: 'not-asked' },
  'with a passkey': { method: 'webauthn' },
  locked: { isLocked: true },
  'tier 0, missing': { tier: 'TIER0', status: 'missing' },
  'tier 0, locked, missing': { tier: 'TIER0', status: 'missing', isLocked: true },
  'text, tier 1, in grace': { text: 'rossi', tier: 'TIER1', status: 'in-grace' },
};

const everyEvent: AuditFilter = {
  tenant,
  types: null,
  severities: null,
  subject: null,
  actor: null,
  ip: null,
  requestId: null,
  session: null,
  from: null,
  to: null,
};

const auditFilters: Readonly<Record<string, Partial<AuditFilter>>> = {
  everything: {},
  'a frequent type': { types: ['session.signed-in'] },
  'a rare type': { types: ['reset.executed'] },
  'a type that never happened': { types: ['mfa.disabled'] },
  'two types': { types: ['reset.executed', 'second-factor.failed'] },
  'severity high': { severities: ['high'] },
  'severity warning or high': { severities: ['warning', 'high'] },
  'a subject': { subject: 'usr_4711' as UserId },
  'a subject without any': { subject: 'usr_nobody' as UserId },
  'an actor': { actor: 'user4711' },
  'a frequent actor': { actor: 'anonymous' },
  'an actor without any': { actor: 'nobody' },
  'an address': { ip: '10.7.8.9' },
  'an address without any': { ip: '203.0.113.1' },
  'a request': { requestId: 'req_4711' },
  'a session': { session: 'session-4711' as SessionKey },
  'a day in the middle': { from: benchNow - 40 * day, to: benchNow - 39 * day },
  'before a day long ago': { to: benchNow - 89 * day },
  'a rare type in a day': {
    types: ['reset.executed'],
    from: benchNow - 40 * day,
    to: benchNow - 39 * day,
  },
  'a frequent type of a subject': {
    types: ['second-factor.failed'],
    subject: 'usr_4711' as UserId,
  },
  'an address of three in ten': { ip: '198.51.100.1' },
  'an address of three in ten, a rare type': { ip: '198.51.100.1', types: ['reset.executed'] },
  'an address of three in ten, a frequent type that it never had': {
    ip: '198.51.100.1',
    types: ['second-factor.failed'],
  },
  'a frequent type, a severity that it never had': {
    types: ['second-factor.failed'],
    severities: ['info'],
  },
  'a type of an address': { types: ['second-factor.failed'], ip: '10.7.8.9' },
  'a type, a severity, an actor': {
    types: ['request.denied'],
    severities: ['notice'],
    actor: 'user4711',
  },
  'high, in a day': { severities: ['high'], from: benchNow - 40 * day, to: benchNow - 39 * day },
  'high, by an actor without any': { severities: ['high'], actor: 'nobody' },
  'a frequent type by an address without any': {
    types: ['session.signed-in'],
    ip: '203.0.113.1',
  },
};

async function countOf(rows: Promise<readonly unknown[]>): Promise<number> {
  return (await rows).length;
}

/** The questions to a filled database. */
export async function administrationCases(
  database: SqlDatabase,
  { events }: Size,
): Promise<readonly Case[]> {
  const { stores } = database;
  const { people, auditBrowser } = stores;
  const clock = fixedClock(benchNow);
  const { sessions } = openSessions({
    location: { kind: 'database' },
    database,
    clock,
    lifetimes: () => ({ idleSeconds: 1800, absoluteSeconds: 43_200 }),
  });
  const small = 'acme' as TenantId;
  const deepPerson = 'ivo.rossi5';
  const cases: Case[] = [];
  const add = (name: string, ask: () => Promise<number>): void => {
    cases.push({ name, ask });
  };

  for (const [name, of] of Object.entries(peopleFilters)) {
    const filter = { ...everybody, ...of };
    add(`people: ${name}`, () => countOf(people.search(filter, { after: null, limit }, at)));
    add(`people: ${name}, deep`, () =>
      countOf(people.search(filter, { after: deepPerson, limit }, at)),
    );
  }
  add('people: everybody of a small tenant', () =>
    countOf(people.search({ ...everybody, tenant: small }, { after: null, limit }, at)),
  );
  for (const name of ['everybody', 'missing', 'text in the middle (novak4711)', 'locked']) {
    add(`people: count of ${name}`, () =>
      people.count({ ...everybody, ...peopleFilters[name] }, null, at),
    );
  }
  add('people: statistics', async () => (await people.statistics(tenant, at)).byTier.length);
  add('people: locked now', () => people.countLocked(tenant, benchNow));

  const list = (of: TenantId, after: SessionKey | null): Promise<number> =>
    countOf(sessions.listOfTenant(of, { after, limit }, benchNow));
  const someSessions = await sessions.listOfTenant(tenant, { after: null, limit: 5000 }, benchNow);
  add('sessions: of a tenant', () => list(tenant, null));
  add('sessions: of a tenant, deep', () => list(tenant, someSessions.at(-1)?.session.key ?? null));
  add('sessions: of a small tenant', () => list(small, null));
  add('sessions: live', () => sessions.countActive(benchNow));

  const deepEvent = `evt_${String(Math.floor(events / 200) * 100)}` as AuditEventId;
  for (const [name, of] of Object.entries(auditFilters)) {
    const filter = { ...everyEvent, ...of };
    add(`audit: ${name}`, () => countOf(auditBrowser.browse(filter, { after: null, limit })));
    add(`audit: ${name}, deep`, () =>
      countOf(auditBrowser.browse(filter, { after: deepEvent, limit })),
    );
    add(`audit: ${name}, newer than that`, () =>
      countOf(auditBrowser.browse(filter, { after: deepEvent, limit, side: 'newer' })),
    );
  }
  add('audit: everything of a small tenant', () =>
    countOf(auditBrowser.browse({ ...everyEvent, tenant: small }, { after: null, limit })),
  );
  add('audit: a type that never happened in a small tenant', () =>
    countOf(
      auditBrowser.browse(
        { ...everyEvent, tenant: small, types: ['mfa.disabled'] },
        { after: null, limit },
      ),
    ),
  );
  add('audit: a frequent actor of another tenant', () =>
    countOf(
      auditBrowser.browse(
        { ...everyEvent, tenant: 'nowhere' as TenantId, actor: 'anonymous' },
        { after: null, limit },
      ),
    ),
  );
  add('audit: one event', async () =>
    (await auditBrowser.find(tenant, deepEvent)) === null ? 0 : 1,
  );
  add('audit: latest about a person', () =>
    countOf(stores.audit.listOfSubject('usr_4711' as UserId, 20)),
  );
  for (const days of [1, 7, 30]) {
    add(`audit: refusals of ${String(days)} days`, () =>
      countOf(auditBrowser.countRefusals(tenant, benchNow - days * day)),
    );
  }
  add('audit: append one', async () => {
    await stores.audit.append({
      at: benchNow,
      type: 'session.signed-in',
      severity: 'info',
      actor: 'anna',
      subject: 'usr_1' as UserId,
      tenant,
      ip: '192.0.2.1',
      userAgent: 'Firefox',
      session: null,
      requestId: null,
      details: {},
    });
    return 1;
  });
  return cases;
}
