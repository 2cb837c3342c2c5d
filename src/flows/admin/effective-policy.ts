/**
 * The policy and the routes as the gateway understands them, for whoever administers: what is in
 * force now, whatever the files say by now.
 *
 * Every section is taken by name, and none of these holds a secret, the address of a store or the
 * path of a file (guarantee G9).
 */

import type { Config } from '../../config/config.ts';
import type { Network } from '../../core/cidr.ts';
import type { TenantId, UserId } from '../../core/ids.ts';
import { type AdminRole, adminRoles } from '../../core/policy/administration.ts';
import type { Audience } from '../../core/policy/audience.ts';
import {
  type MfaPolicy,
  methodsRequiredOf,
  mustUseHardwareKey,
  type Tier,
  tiers,
} from '../../core/policy/mfa-policy.ts';
import { requirementsByTier, type TierRequirement } from '../../core/policy/requirement-of-tier.ts';
import type { Rule } from '../../core/policy/rule.ts';
import type { MethodId } from '../../core/proofs.ts';
import { hostInWords, type Route } from '../../core/route.ts';
import type { Stores } from '../../stores/types.ts';
import type { FlowContext } from '../flow-context.ts';
import { type Administrator, assertMayView, isOfInstallation } from './administrator.ts';
import { visibleRoutes } from './explain/visible-routes.ts';

/** What is in force. */
export interface EffectivePolicy {
  readonly mfa: MfaPolicy;
  readonly tiers: readonly TierInForce[];
  readonly stepUpWithinSeconds: number;
  readonly sessions: Config['sessions'];
  readonly lockout: Config['lockout'];
  readonly totp: Config['totp'];
  /** Null: passwords are not kept here. */
  readonly passwordLengthMin: number | null;
  readonly trustedDevices: Config['trustedDevices'];
  readonly hardwareKeyModels: readonly string[];
  readonly risk: {
    readonly newDevice: Config['risk']['newDevice'];
    readonly newLocation: Config['risk']['newLocation'];
    /** Places come from a map; else they are parts of the network. */
    readonly hasMap: boolean;
  };
  readonly auditsAllowed: boolean;
  readonly roles: readonly RoleInForce[];
  readonly networks: readonly NetworkInForce[];
  /** Null: the administration can be reached from anywhere. */
  readonly administrationNetwork: string | null;
  readonly routes: readonly RouteInForce[];
  /** Whoever asks runs the installation and sees where routes lead. */
  readonly showsUpstreams: boolean;
}

/** What is asked of a tier. */
export interface TierInForce {
  readonly tier: Tier;
  /** Everybody in one of these; TIER3 is everybody else. */
  readonly groups: readonly string[];
  readonly mustEnroll: readonly MethodId[];
  readonly mustUseHardwareKey: boolean;
  /** A browser may remember the second factor. */
  readonly mayBeRemembered: boolean;
}

/** Who has a role. */
export interface RoleInForce {
  readonly role: AdminRole;
  readonly groups: readonly string[];
  /** Of the tenant of whoever asks, by name. */
  readonly people: readonly {
    readonly id: UserId;
    readonly username: string;
    readonly displayName: string;
  }[];
  readonly hasMore: boolean;
}

/** A network by its name. */
export interface NetworkInForce {
  readonly name: string;
  readonly blocks: readonly string[];
}

/** A route, without what only the gateway needs. */
export interface RouteInForce {
  readonly name: string;
  /** Host and path: `console.example.com/admin/**`. */
  readonly wants: string;
  readonly network: string | null;
  readonly isAdminConsole: boolean;
  readonly accept: Route['accept'];
  /** Null: not for whoever asks, or the application itself is behind the gate. */
  readonly upstream: string | null;
  readonly rules: readonly RuleInForce[];
}

/** A rule of a route, and what it comes to. */
export interface RuleInForce {
  readonly id: string;
  readonly effect: Rule['effect'];
  /** None: every request. */
  readonly conditions: readonly { readonly kind: string; readonly wants: string }[];
  readonly audience: Audience | null;
  readonly byTier: readonly TierRequirement[];
}

/** How many people of a role are named. */
const peopleMax = 20;

/** Reads what is in force. Throws the problem `not-permitted` without a role that lets one look. */
export async function effectivePolicy(
  ctx: FlowContext,
  admin: Administrator,
): Promise<EffectivePolicy> {
  assertMayView(ctx, admin);
  const config = ctx.config.current();
  const { policy } = config;
  const { tenant } = admin.session.principal;
  const routes = await visibleRoutes(ctx.stores, tenant, config.routes);
  const showsUpstreams = isOfInstallation(admin);
  return {
    mfa: policy.mfa,
    tiers: tiers.map((tier) => tierInForce(tier, config)),
    stepUpWithinSeconds: policy.stepUpWithinSeconds,
    sessions: config.sessions,
    lockout: config.lockout,
    totp: config.totp,
    passwordLengthMin: config.local.isEnabled ? config.local.minPasswordLength : null,
    trustedDevices: config.trustedDevices,
    hardwareKeyModels: policy.hardwareKeys.models,
    risk: {
      newDevice: config.risk.newDevice,
      newLocation: config.risk.newLocation,
      hasMap: config.risk.geoDatabase !== null,
    },
    auditsAllowed: config.auditsAllowed,
    roles: await Promise.all(
      adminRoles.map(async (role) => roleInForce(ctx.stores, tenant, role, config)),
    ),
    networks: [...policy.networks.values()].map(networkInForce),
    administrationNetwork: config.administration.network?.name ?? null,
    routes: routes.map((route) => routeInForce(route, config, showsUpstreams)),
    showsUpstreams,
  };
}

function tierInForce(tier: Tier, { policy }: Config): TierInForce {
  return {
    tier,
    groups: [...policy.tiers].filter(([, of]) => of === tier).map(([group]) => group),
    mustEnroll: methodsRequiredOf(tier, policy.mfa),
    mustUseHardwareKey: mustUseHardwareKey(tier, policy),
    mayBeRemembered: policy.rememberedFor.includes(tier),
  };
}

async function roleInForce(
  { users }: Pick<Stores, 'users'>,
  tenant: TenantId,
  role: AdminRole,
  { policy }: Config,
): Promise<RoleInForce> {
  const groups = policy.roleGroups[role];
  const people = groups.length === 0 ? [] : await users.listOfGroups(tenant, groups, peopleMax + 1);
  return {
    role,
    groups,
    people: people
      .slice(0, peopleMax)
      .map(({ id, username, displayName }) => ({ id, username, displayName })),
    hasMore: people.length > peopleMax,
  };
}

function networkInForce({ name, cidrs }: Network): NetworkInForce {
  return { name, blocks: cidrs.map(({ text }) => text) };
}

function routeInForce(route: Route, { policy }: Config, showsUpstream: boolean): RouteInForce {
  const { name, host, path, network, isAdminConsole, accept, upstream, rules } = route;
  return {
    name,
    wants: `${hostInWords(host)}${path.text}`,
    network: network?.name ?? null,
    isAdminConsole,
    accept,
    upstream: showsUpstream ? (upstream?.origin ?? null) : null,
    rules: rules.map((rule) => ({
      id: rule.id,
      effect: rule.effect,
      conditions: rule.conditions.map(({ kind, wants }) => ({ kind, wants })),
      audience: rule.audience,
      byTier: rule.effect === 'protect' ? requirementsByTier(rule, route, policy) : [],
    })),
  };
}
