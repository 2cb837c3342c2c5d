/**
 * Where this installation meets the controls that auditors ask about, and where it does not.
 *
 * Said in our own words, and judged by the configuration in force and the latest evidence: what the
 * configuration demands and no evidence has shown is met in part only. What lies outside of a
 * gateway is said too: nobody meets a control by a gateway alone.
 */

import type { Config } from '../../../config/config.ts';
import { anyOf } from '../../../core/policy/in-words.ts';
import { unreachable } from '../../../core/unreachable.ts';
import type { EvidenceReport, VerificationId } from '../report.ts';
import { controls, type Control } from './controls.ts';
import { type GateFacts, gateFacts, isPrivileged, outcomeIn } from './gate-facts.ts';

/** Whether a control is met here. */
export type ControlStatus = 'met' | 'partly' | 'not-met';

/** Something that speaks for or against it, is missing, or should be known. */
export interface Finding {
  readonly speaks: 'for' | 'against' | 'missing' | 'note';
  readonly text: string;
  /** Where it is settled: a key of the configuration, or a verification. */
  readonly where: string;
}

/** One control, judged. */
export interface MappedControl extends Control {
  readonly status: ControlStatus;
  readonly findings: readonly Finding[];
}

/** The whole mapping. */
export interface ControlMapping {
  readonly controls: readonly MappedControl[];
  /** The report it rests on, or null. */
  readonly evidence: Pick<EvidenceReport, 'id' | 'finishedAt' | 'outcome'> | null;
  readonly isOfThisConfiguration: boolean;
}

/** Judges every control. */
export function mapControls(config: Config, latest: EvidenceReport | null): ControlMapping {
  const facts = gateFacts(config, latest);
  return {
    controls: controls.map((control) => judge(control, facts)),
    evidence: latest,
    isOfThisConfiguration: facts.evidence?.isOfThisConfiguration ?? false,
  };
}

function judge(control: Control, facts: GateFacts): MappedControl {
  const findings = [
    ...control.asksFor.flatMap((ask) => findingsOf[ask](facts)),
    ...control.evidence.flatMap((id) => findingsOfEvidence(facts, id)),
    ...(control.outside === null
      ? []
      : [{ speaks: 'note', text: control.outside, where: 'outside of the gateway' } as const]),
  ];
  return { ...control, findings, status: statusOf(control, findings) };
}

function statusOf({ isWider }: Control, findings: readonly Finding[]): ControlStatus {
  const does = (speaks: Finding['speaks']): boolean =>
    findings.some((finding) => finding.speaks === speaks);
  if (does('against')) return 'not-met';
  return does('missing') || isWider ? 'partly' : 'met';
}

/** What a control can ask of the configuration. */
const findingsOf: Readonly<
  Record<Control['asksFor'][number], (facts: GateFacts) => readonly Finding[]>
> = {
  'privileged-people': (facts) => privileged(facts),
  'two-factors-for-privileged': (facts) => twoFactors(facts, 'privileged'),
  'two-factors-for-others': (facts) => twoFactors(facts, 'others'),
  'two-factors-on-external-routes': (facts) => externalRoutes(facts),
  'two-factors-for-administration': (facts) => administration(facts),
  'every-access': (facts) => everyAccess(facts),
};

function privileged({ privilegedGroups }: GateFacts): readonly Finding[] {
  const where = 'policy.tiers';
  return privilegedGroups.length === 0
    ? [{ speaks: 'against', text: 'No group is named as privileged (TIER0, TIER1).', where }]
    : [
        {
          speaks: 'for',
          text: `Privileged people are named: ${privilegedGroups.join(', ')}.`,
          where,
        },
      ];
}

function twoFactors(facts: GateFacts, whose: 'privileged' | 'others'): readonly Finding[] {
  const isAsked = (tier: Parameters<typeof isPrivileged>[0]): boolean =>
    isPrivileged(tier) === (whose === 'privileged');
  const people = whose === 'privileged' ? 'privileged people' : 'all others';
  const lax = facts.oneFactorWays.flatMap(({ rule, tiers }) => {
    const theirs = tiers.filter(isAsked);
    return theirs.length === 0 ? [] : [{ rule, tiers: theirs }];
  });
  if (lax.length === 0) {
    const text = `Every rule that lets ${people} through asks for two factors, or their tier must have two.`;
    return [{ speaks: 'for', text, where: 'routes, policy.file' }];
  }
  return lax.map(({ rule, tiers }) => ({
    speaks: 'against',
    text: `The rule ${rule} lets ${anyOf(tiers)} through with a password alone, as long as they have enrolled nothing.`,
    where: `routes: ${rule}`,
  }));
}

function externalRoutes(facts: GateFacts): readonly Finding[] {
  const { externalRoutes: external, oneFactorWays, publicRules } = facts;
  const lax = oneFactorWays.filter(({ route }) => external.includes(route));
  const where = 'routes';
  if (external.length === 0) {
    return [{ speaks: 'for', text: 'No route can be reached from public addresses.', where }];
  }
  return [
    ...(lax.length === 0
      ? [
          {
            speaks: 'for',
            text: `Routes that can be reached from public addresses ask everybody for two factors: ${external.join(', ')}.`,
            where,
          } as const,
        ]
      : lax.map(({ rule, tiers }) => ({
          speaks: 'against' as const,
          text: `The rule ${rule}, reachable from public addresses, lets ${anyOf(tiers)} through with a password alone.`,
          where: `routes: ${rule}`,
        }))),
    ...notesOfPublicRules(publicRules),
  ];
}

function administration(facts: GateFacts): readonly Finding[] {
  const consoles = facts.adminConsoles;
  const lax = facts.oneFactorWays.filter(({ route }) => consoles.includes(route));
  return [
    {
      speaks: 'for',
      text: `The administration of the gateway itself asks for two factors, and for fresh ones before every change${facts.isAdministrationNetworked ? ', from its network only' : ''}.`,
      where: 'administration, portal.network',
    },
    consoles.length === 0
      ? {
          speaks: 'note',
          text: 'No route is marked as an administration console (adminConsole).',
          where: 'routes',
        }
      : {
          speaks: lax.length === 0 ? 'for' : 'against',
          text: `Administration consoles behind the gate: ${consoles.join(', ')}${lax.length === 0 ? ', each with two factors' : `; ${lax.map(({ rule }) => rule).join(', ')} with a password alone`}.`,
          where: 'routes: adminConsole',
        },
  ];
}

function everyAccess(facts: GateFacts): readonly Finding[] {
  const { rememberedTiers, serviceRoutes, publicRules } = facts;
  return [
    ...(rememberedTiers.length === 0
      ? []
      : [
          {
            speaks: 'note',
            text: `A browser may remember the second factor of ${rememberedTiers.join(', ')}: they are not asked for it at each sign-in. Judge whether that is each access by two factors.`,
            where: 'policy.trustedDevices',
          } as const,
        ]),
    ...(serviceRoutes.length === 0
      ? []
      : [
          {
            speaks: 'note',
            text: `Service accounts pass on ${serviceRoutes.join(', ')} by a token from their own networks; they hold no second factor.`,
            where: 'routes: for.services',
          } as const,
        ]),
    ...notesOfPublicRules(publicRules),
  ];
}

function notesOfPublicRules(rules: readonly string[]): readonly Finding[] {
  if (rules.length === 0) return [];
  const text = `Public, without any sign-in: ${rules.join(', ')}. Nothing that is protected may be there.`;
  return [{ speaks: 'note', text, where: 'routes: effect public' }];
}

function findingsOfEvidence(facts: GateFacts, id: VerificationId): readonly Finding[] {
  const outcome = outcomeIn(facts, id);
  const where = `evidence ${id}`;
  const { evidence } = facts;
  if (evidence === null || outcome === null) {
    return [{ speaks: 'missing', text: `No evidence was collected for ${id} yet.`, where }];
  }
  if (!evidence.isOfThisConfiguration) {
    const text = `The evidence for ${id} is about another configuration than the one in force.`;
    return [{ speaks: 'missing', text, where }];
  }
  switch (outcome) {
    case 'passed':
      return [{ speaks: 'for', text: `Tried and shown on this installation (${id}).`, where }];
    case 'failed':
      return [{ speaks: 'against', text: `Tried, and did not hold (${id}).`, where }];
    case 'not-applicable': {
      const text = `Could not be tried here (${id}); the report says why.`;
      return [{ speaks: 'missing', text, where }];
    }
    default:
      return unreachable(outcome);
  }
}
