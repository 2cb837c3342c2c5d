/** Requirements, audiences and proofs as people say them: for `explain`, logs and pages. */

import type { Network } from '../cidr.ts';
import type { Proof } from '../proofs.ts';
import { type EpochMs, formatDuration } from '../time.ts';
import type { Audience } from './audience.ts';
import type { Requirement } from './requirement.ts';

/** Says what a requirement asks: "two factors, one that cannot be phished, no older than 5m". */
export function requirementInWords(requirement: Requirement): string {
  const { level, methods, isPhishingResistant, withinSeconds } = requirement;
  return [
    level === 2 ? 'two factors' : 'one factor',
    ...(isPhishingResistant ? ['one that cannot be phished'] : []),
    ...(methods === null ? [] : [`by ${anyOf(methods)}`]),
    ...(withinSeconds === null ? [] : [`no older than ${formatDuration(withinSeconds)}`]),
  ].join(', ');
}

/** Says whom an audience admits: "groups SEC-OPS or AUDIT, user anna". */
export function audienceInWords(audience: Audience | null): string {
  if (audience === null) return 'every user';
  const lists = [
    listed('group', audience.groups),
    listed('user', audience.users),
    listed('service', audience.services),
  ].filter((words) => words !== '');
  return lists.length === 0 ? 'nobody' : lists.join(', ');
}

/** Says which addresses a network holds: "an address in zone-e (10.20.0.0/24)". */
export function networkInWords(network: Network | null): string {
  if (network === null) return 'any address';
  const blocks = network.cidrs.map((cidr) => cidr.text).join(', ');
  return `an address in ${network.name} (${blocks === '' ? 'which is empty' : blocks})`;
}

/** Says what was proved and how long ago: "password 20m ago, totp 5s ago (while enrolling)". */
export function proofsInWords(proofs: readonly Proof[], now: EpochMs): string {
  if (proofs.length === 0) return 'nothing';
  const words = proofs.map((proof) => {
    const seconds = Math.round((now - proof.at) / 1000);
    const age = seconds < 0 ? `${formatAge(-seconds)} ahead` : `${formatAge(seconds)} ago`;
    return `${proof.method} ${age}${originInWords[proof.origin]}`;
  });
  return words.join(', ');
}

const originInWords = {
  answer: '',
  enrollment: ' (while enrolling)',
  remembered: ' (remembered by the browser)',
} as const;

/** Joins alternatives: "a", "a or b", "a, b or c"; "none" when there are none. */
export function anyOf(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? 'none';
  return `${names.slice(0, -1).join(', ')} or ${String(names.at(-1))}`;
}

/** Joins what is wanted together: "a", "a and b", "a, b and c"; "nothing" when that is none. */
export function allOf(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? 'nothing';
  return `${names.slice(0, -1).join(', ')} and ${String(names.at(-1))}`;
}

/** An age in its two biggest units, so that one second past ten minutes can be told apart. */
function formatAge(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const;
  let rest = seconds;
  const parts = units.flatMap(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest %= size;
    return count === 0 ? [] : [`${String(count)}${unit}`];
  });
  return parts.slice(0, 2).join('') || '0s';
}

function listed(what: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  return `${what}${names.length === 1 ? '' : 's'} ${anyOf(names)}`;
}
