/**
 * Who may administer: the roles of the administration pages and API, and what each may do.
 *
 * The pages and the API are behind a route like any other (`administrationRoute`), so that one
 * decision says who comes near them; what somebody may do inside follows from their roles.
 */

import type { Network } from '../cidr.ts';
import type { Facts, Principal } from '../facts.ts';
import { parsePathPattern } from '../path-pattern.ts';
import { approvalRoles } from '../reset-request.ts';
import type { Route } from '../route.ts';
import { methodCondition } from './conditions/method.ts';
import { decide } from './decide.ts';
import type { Decision } from './decision.ts';
import { type AccessPolicy, tierOf, tiers, type TierMap } from './mfa-policy.ts';
import { defaultRequirement } from './requirement.ts';

/**
 * - `admin`: people, settings, sessions, keys; asks for resets.
 * - `manager`, `security-owner`: approve resets.
 * - `reset-executor`: the policy's `reset_policy.allowed_roles`; asks for resets and executes them.
 * - `auditor`: looks at everything and changes nothing.
 */
export const adminRoles = [
  'admin',
  'manager',
  'security-owner',
  'reset-executor',
  'auditor',
] as const;

/** What somebody is in the administration. */
export type AdminRole = (typeof adminRoles)[number];

/** What somebody may do there. */
export type AdminPermission =
  | 'view'
  | 'manage'
  | 'request-reset'
  | 'approve-reset'
  | 'execute-reset';

/** The groups whose members have a role. */
export type RoleGroups = Readonly<Record<AdminRole, readonly string[]>>;

const permissionsOf: Readonly<Record<AdminRole, readonly AdminPermission[]>> = {
  admin: ['view', 'manage', 'request-reset'],
  manager: ['view', 'approve-reset'],
  'security-owner': ['view', 'approve-reset'],
  'reset-executor': ['view', 'request-reset', 'execute-reset'],
  auditor: ['view'],
};

/**
 * The roles of a principal. Service accounts have none, whatever their groups: they hold no second
 * factor, and administration is for people who have just shown theirs.
 */
export function adminRolesOf(
  { kind, groups }: Pick<Principal, 'kind' | 'groups'>,
  roleGroups: RoleGroups,
): readonly AdminRole[] {
  if (kind === 'service') return [];
  return adminRoles.filter((role) => roleGroups[role].some((group) => groups.includes(group)));
}

/** What a role lets its people do. */
export function permissionsOfRole(role: AdminRole): readonly AdminPermission[] {
  return permissionsOf[role];
}

/** Says whether any role of a principal lets them do something. */
export function mayAdminister(
  principal: Pick<Principal, 'kind' | 'groups'>,
  permission: AdminPermission,
  roleGroups: RoleGroups,
): boolean {
  return adminRolesOf(principal, roleGroups).some((role) =>
    permissionsOf[role].includes(permission),
  );
}

/**
 * Says whether somebody stands above whoever wants to change them. Nobody changes a person of a
 * higher tier than their own, nor puts anybody into a group of one: who may hand out rights must
 * not rise by it.
 */
export function isAbove(
  target: Pick<Principal, 'groups'>,
  actor: Pick<Principal, 'groups'>,
  map: TierMap,
): boolean {
  return tiers.indexOf(tierOf(target, map)) < tiers.indexOf(tierOf(actor, map));
}

/**
 * Says whether somebody may put others into a group: nobody into one of a higher tier than their
 * own, and into one that gives a role only who has that role, or hands out all of them as `admin`.
 *
 * Security: where resets need approval, groups whose members approve are handed out on the command
 * line alone. Whoever could make approvers would approve through accounts of their own making.
 */
export function mayHandOut(
  group: string,
  actor: Pick<Principal, 'kind' | 'groups'>,
  policy: Pick<AccessPolicy, 'tiers' | 'roleGroups' | 'mfa'>,
): boolean {
  const { tiers: map, roleGroups } = policy;
  if (isAbove({ groups: [group] }, actor, map)) return false;
  if (isNeededToApprove({ groups: [group] }, policy)) return false;
  const roles = adminRolesOf(actor, roleGroups);
  const given = adminRoles.filter((role) => roleGroups[role].includes(group));
  return roles.includes('admin') || given.every((role) => roles.includes(role));
}

/** Says whether the approval of a person of these groups is one that a reset may need. */
export function isNeededToApprove(
  { groups }: Pick<Principal, 'groups'>,
  { mfa, roleGroups }: Pick<AccessPolicy, 'roleGroups' | 'mfa'>,
): boolean {
  return (
    mfa.reset.requiresApproval &&
    approvalRoles.some((role) => roleGroups[role].some((group) => groups.includes(group)))
  );
}

/**
 * Decides what happens to a request to the administration: what holds for every route, and whether
 * a role of whoever asks allows what is to be done there.
 */
export function decideAdministration(
  route: Route,
  facts: Facts,
  policy: AccessPolicy,
  permission: AdminPermission,
): Decision {
  const decision = decide(route, facts, policy);
  const passes = decision.kind === 'allow' || decision.kind === 'remind';
  const principal = facts.session?.principal;
  if (!passes || principal === undefined) return decision;
  return mayAdminister(principal, permission, policy.roleGroups)
    ? decision
    : { kind: 'deny', reason: 'not-permitted', rule: decision.rule };
}

const everyPath = parsePathPattern('/**') ?? unreadable();

function unreadable(): never {
  throw new Error('the pattern for every path cannot be read');
}

/** The name of the administration in decisions, logs and audit events. */
export const administrationName = 'administration';

/**
 * The way to the administration pages and API, as a route: from its network only, for whoever has
 * a role, with two factors, freshly proved for every change (and for every look, where the policy
 * has `step_up_for_admin_console`).
 */
export function administrationRoute(settings: {
  readonly network: Network | null;
  readonly roleGroups: RoleGroups;
  readonly stepUpWithinSeconds: number;
}): Route {
  const { network, roleGroups, stepUpWithinSeconds } = settings;
  const groups = [...new Set(Object.values(roleGroups).flat())];
  const audience = { groups, users: [], services: [] };
  return {
    name: administrationName,
    host: null,
    path: everyPath,
    upstream: null,
    network,
    isAdminConsole: true,
    accept: ['session', 'bearer'],
    timeouts: { connectSeconds: 0, headersSeconds: 0, idleSeconds: 0 },
    bodyBytesMax: null,
    rules: [
      {
        id: `${administrationName}#1`,
        conditions: [methodCondition(['GET'])],
        effect: 'protect',
        audience,
        requires: defaultRequirement,
      },
      {
        id: `${administrationName}#2`,
        conditions: [],
        effect: 'protect',
        audience,
        requires: { ...defaultRequirement, withinSeconds: stepUpWithinSeconds },
      },
    ],
  };
}
