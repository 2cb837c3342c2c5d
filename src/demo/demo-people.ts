/** The four people of the demonstration, one of each tier. Nobody has enrolled anything yet. */

import type { Tier } from '../core/policy/mfa-policy.ts';
import type { Random } from '../platform/random.ts';

/** Somebody to be. */
export interface DemoPerson {
  readonly username: string;
  readonly displayName: string;
  readonly email: string;
  readonly groups: readonly string[];
  /** What config/demo.yaml makes of the groups. */
  readonly tier: Tier;
  /** New in each demonstration. */
  readonly password: string;
}

/** Makes the people, with passwords that can be read out and typed. */
export function demoPeople(random: Random): readonly DemoPerson[] {
  return people.map((person) => ({ ...person, password: readablePassword(random) }));
}

// prettier-ignore
const people = [
  { username: 'anna',  displayName: 'Anna Adeyemi',    email: 'anna@corp.example',  groups: ['AI-PLATFORM-ADMINS', 'STAFF'], tier: 'TIER0' },
  { username: 'ben',   displayName: 'Ben Botha',       email: 'ben@corp.example',   groups: ['SEC-OPS', 'STAFF'],            tier: 'TIER1' },
  { username: 'chloe', displayName: 'Chloe Castillo',  email: 'chloe@corp.example', groups: ['PROJECT-OWNERS', 'STAFF'],     tier: 'TIER2' },
  { username: 'dan',   displayName: 'Dan Dvorak',      email: 'dan@corp.example',   groups: ['STAFF'],                       tier: 'TIER3' },
] as const;

/** Four words of some sixty and three digits: 33 bits, plenty for an hour on loopback. */
function readablePassword(random: Random): string {
  const bytes = random.bytes(6);
  const chosen = [0, 1, 2, 3].map((at) => words[(bytes[at] ?? 0) % words.length]);
  const number = (bytes.readUInt16BE(4) % 900) + 100;
  return [...chosen, number].join('-');
}

const words = (
  'acorn amber anchor apple arrow autumn badger barley basil beacon birch bramble breeze bridge ' +
  'bronze candle canyon cedar chalk cinder clover cobalt comet copper coral cotton cricket dapple ' +
  'ember falcon fennel ferry flint garnet ginger granite harbor hazel heron indigo ivory juniper ' +
  'kestrel lantern lemon linen maple meadow nutmeg oak olive orchid otter pebble pepper poplar ' +
  'quartz raven saffron sparrow thistle tundra willow'
).split(' ');
