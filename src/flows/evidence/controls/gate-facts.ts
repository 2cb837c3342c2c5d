/**
 * What of this installation decides whether controls are met: who passes with how many factors,
 * where, and what the latest evidence says of it.
 */

import type { Config } from '../../../config/config.ts';
import { cidrContains } from '../../../core/cidr.ts';
import { tiers, type Tier } from '../../../core/policy/mfa-policy.ts';
import { requirementsByTier } from '../../../core/policy/requirement-of-tier.ts';
import type { Rule } from '../../../core/policy/rule.ts';
import type { Route } from '../../../core/route.ts';
import { groupsOfTier } from '../checks/tiers-here.ts';
import { fingerprintOf } from '../../operating/note-configuration.ts';
import type { EvidenceReport, Outcome, VerificationId } from '../report.ts';

/** A way past the gate with one factor. */
export interface OneFactorWay {
  readonly route: string;
  readonly rule: string;
  /** Whose people may take it. */
  readonly tiers: readonly Tier[];
}

/** What the latest report says, and whether it is about the configuration in force. */
export interface LatestEvidence {
  readonly report: EvidenceReport;
  readonly isOfThisConfiguration: boolean;
}

/** Everything that the controls are judged by. */
export interface GateFacts {
  readonly oneFactorWays: readonly OneFactorWay[];
  /** Rules that let everybody through, signed in or not. */
  readonly publicRules: readonly string[];
  /** Routes that can be reached from public addresses. */
  readonly externalRoutes: readonly string[];
  readonly adminConsoles: readonly string[];
  readonly privilegedGroups: readonly string[];
  /** Tiers that may have a browser remember the second factor; for how long is the policy's. */
  readonly rememberedTiers: readonly Tier[];
  /** Routes that take the tokens of service accounts. */
  readonly serviceRoutes: readonly string[];
  readonly isAdministrationNetworked: boolean;
  readonly evidence: LatestEvidence | null;
}

/** Reads the facts off the configuration in force; `latest` is the newest report, if any. */
export function gateFacts(config: Config, latest: EvidenceReport | null): GateFacts {
  const { policy, routes, administration } = config;
  return {
    oneFactorWays: [...routes, administration].flatMap((route) => oneFactorWaysOf(config, route)),
    publicRules: routes.flatMap(({ rules }) =>
      rules.filter(({ effect }) => effect === 'public').map(({ id }) => id),
    ),
    externalRoutes: routes.filter(isExternal).map(({ name }) => name),
    adminConsoles: routes.filter(({ isAdminConsole }) => isAdminConsole).map(({ name }) => name),
    privilegedGroups: [...policy.tiers]
      .filter(([, tier]) => isPrivileged(tier))
      .map(([group]) => group),
    rememberedTiers: policy.rememberedFor,
    serviceRoutes: routes
      .filter(({ rules }) => rules.some(({ audience }) => (audience?.services.length ?? 0) > 0))
      .map(({ name }) => name),
    isAdministrationNetworked: administration.network !== null,
    evidence:
      latest === null
        ? null
        : {
            report: latest,
            isOfThisConfiguration: latest.installation.fingerprint === fingerprintOf(config),
          },
  };
}

/** Says whether a tier stands for privileged accounts: those that administer and protect. */
export function isPrivileged(tier: Tier): boolean {
  return tier === 'TIER0' || tier === 'TIER1';
}

/** How a verification came out in the latest report; null: there is none. */
export function outcomeIn(facts: GateFacts, id: VerificationId): Outcome | null {
  return facts.evidence?.report.verifications.find((one) => one.id === id)?.outcome ?? null;
}

function oneFactorWaysOf(config: Config, route: Route): readonly OneFactorWay[] {
  return route.rules.flatMap((rule) => {
    const lax = tiersWithOneFactor(config, route, rule);
    return lax.length === 0 ? [] : [{ route: route.name, rule: rule.id, tiers: lax }];
  });
}

/** The tiers whose people pass a rule on their password alone while they have nothing enrolled. */
function tiersWithOneFactor(config: Config, route: Route, rule: Rule): readonly Tier[] {
  if (rule.effect !== 'protect') return [];
  const byTier = requirementsByTier(rule, route, config.policy);
  const lax = byTier.filter(({ withoutSecondFactor }) => withoutSecondFactor.level === 1);
  return tiers.filter(
    (tier) => lax.some((one) => one.tier === tier) && groupsOfTier(config, tier) !== null,
  );
}

/** An address that belongs to somebody on the internet. */
const publicAddresses = ['9.9.9.9', '2620:fe::fe'];

function isExternal({ network }: Route): boolean {
  return (
    network === null ||
    network.cidrs.some(
      (cidr) =>
        publicAddresses.some((address) => cidrContains(cidr, address)) ||
        !isPrivateBlock(cidr.text),
    )
  );
}

/** RFC 1918, RFC 4193, RFC 6598, loopback and link-local. */
function isPrivateBlock(text: string): boolean {
  return /^(?:10\.|127\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1\/|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/.test(
    text,
  );
}
