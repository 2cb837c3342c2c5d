/** An office in which resets are asked for, approved and carried out: one person for each role. */

import type { SessionFacts } from '../../src/core/facts.ts';
import type { UserId } from '../../src/core/ids.ts';
import type { RoleGroups } from '../../src/core/policy/administration.ts';
import type { AccessPolicy, MfaPolicy, Tier } from '../../src/core/policy/mfa-policy.ts';
import type { Proof } from '../../src/core/proofs.ts';
import type { Administrator } from '../../src/flows/admin/administrator.ts';
import { createTenant } from '../../src/flows/admin/tenants.ts';
import { createUser } from '../../src/flows/admin/users.ts';
import {
  approveReset,
  executeReset,
  requestReset,
  type RequestedReset,
} from '../../src/flows/admin/resets.ts';
import type { ResetRequest } from '../../src/stores/types/administration.ts';
import { aPolicy, anMfaPolicy } from './builders.ts';
import { goodPassword, sure, visit, type World } from './flow-world.ts';

/** The group of each role. */
export const officeGroups: RoleGroups = {
  admin: ['ADMINS'],
  manager: ['MANAGERS'],
  'security-owner': ['SECURITY-OWNERS'],
  'reset-executor': ['EXECUTORS'],
  auditor: ['AUDITORS'],
};

// Those who approve are of no tier, so that they stand below whom they approve for.
const officeTiers: ReadonlyMap<string, Tier> = new Map([
  ['ADMINS', 'TIER0'],
  ['EXECUTORS', 'TIER0'],
  ['TIER0', 'TIER0'],
  ['TIER1', 'TIER1'],
  ['TIER2', 'TIER2'],
]);

/** The policy of the office; a test names what differs in `reset_policy` and the `audit` switches. */
export function officePolicy(
  changes: {
    readonly reset?: Partial<MfaPolicy['reset']>;
    readonly audit?: Partial<MfaPolicy['audit']>;
  } = {},
): AccessPolicy {
  return aPolicy({ mfa: anMfaPolicy(changes), roleGroups: officeGroups, tiers: officeTiers });
}

/** Two checks of different kind. */
export const goodProofing = [
  { kind: 'id-document', reference: 'HR-2231' },
  { kind: 'call-back', reference: 'number on file, 14:02' },
] as const;

/** Why, and where. */
export const goodReason = {
  reason: 'phone lost',
  ticket: 'OPS-7',
  proofing: goodProofing,
} as const;

/** A session with both factors proved this instant, which a test has no need to enroll for. */
export async function freshSession(world: World, id: UserId): Promise<SessionFacts> {
  const user = sure(await world.ctx.stores.users.findById(id));
  const at = world.clock.now();
  const proofs: readonly Proof[] = [
    { method: 'password', at, origin: 'answer' },
    { method: 'totp', at, origin: 'answer' },
  ];
  const { sessionEpoch } = user;
  const session = { userId: id, sessionEpoch, lineage: null, proofs, createdAt: at };
  return sure(await world.rise(session, null));
}

/** Somebody new in these groups. */
export async function newPerson(
  world: World,
  username: string,
  groups: readonly string[] = [],
  tenant = 'default',
): Promise<UserId> {
  const email = `${username}@example.com`;
  const person = { username, groups, tenant, email, password: goodPassword };
  const answer = await createUser(world.ctx, person);
  if (!answer.ok) throw new Error(JSON.stringify(answer));
  return answer.user.id;
}

/** The same person with a session of this instant. */
export async function refreshed(world: World, admin: Administrator): Promise<Administrator> {
  return { ...admin, session: await freshSession(world, admin.session.principal.id) };
}

/** Somebody new in these groups, with a session of this instant. */
export async function newAdministrator(
  world: World,
  username: string,
  groups: readonly string[],
  tenant = 'default',
): Promise<Administrator> {
  const id = await newPerson(world, username, groups, tenant);
  return { session: await freshSession(world, id), visit: visit() };
}

/** Everybody in the office, each in one role. */
export interface Office {
  readonly admin: Administrator;
  readonly manager: Administrator;
  readonly owner: Administrator;
  readonly executor: Administrator;
  readonly auditor: Administrator;
}

/** Opens the office of a tenant, whose names then begin with the tenant's. */
export async function openOffice(world: World, tenant = 'default'): Promise<Office> {
  if (tenant !== 'default') await createTenant(world.ctx, { name: tenant });
  const prefix = tenant === 'default' ? '' : `${tenant}-`;
  const hire = (name: string, group: string): Promise<Administrator> =>
    newAdministrator(world, prefix + name, [group], tenant);
  return {
    admin: await hire('ada', 'ADMINS'),
    manager: await hire('max', 'MANAGERS'),
    owner: await hire('olga', 'SECURITY-OWNERS'),
    executor: await hire('eve', 'EXECUTORS'),
    auditor: await hire('aud', 'AUDITORS'),
  };
}

/** Everybody in the office anew, with sessions of this instant. */
export async function reopened(world: World, office: Office): Promise<Office> {
  return {
    admin: await refreshed(world, office.admin),
    manager: await refreshed(world, office.manager),
    owner: await refreshed(world, office.owner),
    executor: await refreshed(world, office.executor),
    auditor: await refreshed(world, office.auditor),
  };
}

/** The admin asks for somebody's reset. */
export function ask(world: World, office: Office, userId: UserId): Promise<RequestedReset> {
  return requestReset(world.ctx, office.admin, { userId, ...goodReason });
}

/** Asked for by the admin, and approved by manager and security owner where both are needed. */
export async function approvedRequest(
  world: World,
  office: Office,
  userId: UserId,
): Promise<ResetRequest> {
  const { request } = await ask(world, office, userId);
  const { id } = request;
  const byManager = await approveReset(world.ctx, office.manager, { id });
  return byManager.state === 'approved' ? byManager : approveReset(world.ctx, office.owner, { id });
}

/** From asking to the end. */
export async function resetBy(
  world: World,
  office: Office,
  userId: UserId,
  enrollment: 'link' | 'supervised' = 'link',
) {
  const { id } = await approvedRequest(world, office, userId);
  return executeReset(world.ctx, office.executor, { id, enrollment });
}

/** The secret of a link, as its page gets it. */
export function secretOf(link: string | null): string {
  return sure(sure(link).split('/').at(-1));
}
