/**
 * Assurance: how sure a session's proofs make us, worked out anew for each request.
 *
 * Proofs combine into *ways* of having authenticated: one proof alone, or a password with something
 * one has. Every question about strength, method or age is a question whether one such way exists
 * (NIST SP 800-63B-4 §2). Nothing is stored, so nothing can go stale.
 */

import type { DeviceId } from './ids.ts';
import type { MethodId, Proof } from './proofs.ts';
import type { Requirement } from './policy/requirement.ts';
import { addSeconds, type EpochMs } from './time.ts';

/** 0: nothing proved. 1: one factor. 2: two different factors. */
export type AssuranceLevel = 0 | 1 | 2;

/** `acr` as we publish it; `phr` is two factors of which one cannot be phished (OpenID EAP §2). */
export type Acr = 'aal1' | 'aal2' | 'phr';

/** What proofs amount to. */
export interface Assurance {
  readonly level: AssuranceLevel;
  /** Null when nothing is proved. */
  readonly acr: Acr | null;
  /** Authentication methods, by RFC 8176. */
  readonly amr: readonly string[];
  /** When the oldest proof was given that `acr` rests on; null when nothing is proved. */
  readonly authenticatedAt: EpochMs | null;
}

/** What proofs lack to meet a requirement. */
export type Shortfall =
  | 'level-too-low'
  | 'not-phishing-resistant'
  | 'method-not-accepted'
  | 'proof-too-old';

/** How far ahead of us the clock of another instance may be. */
export const clockSkewSeconds = 60;

/**
 * Says whether an instant lies further ahead than clocks may differ.
 *
 * Security: what was made then was made before the clock went back, or is forged. It counts for
 * nothing, so that turning back the clock brings nothing back to life.
 */
export function isFromTheFuture(at: EpochMs, now: EpochMs): boolean {
  return at > addSeconds(now, clockSkewSeconds);
}

/** The level that the proofs amount to now, and nothing else of `assuranceOf`. */
export function levelOf(proofs: readonly Proof[], now: EpochMs): AssuranceLevel {
  return levelOfWays(waysOf(proofsThatCount(proofs, now)));
}

/** What the proofs of this sign-in amount to now; what a browser remembers is left out. */
export function assuranceOf(proofs: readonly Proof[], now: EpochMs): Assurance {
  // What a browser remembers lets people pass; upstreams are told what was proved this time.
  const counted = proofsThatCount(proofs, now).filter((proof) => !isRemembered(proof));
  const ways = waysOf(counted);
  const level = levelOfWays(ways);
  if (level === 0) return { level, acr: null, amr: [], authenticatedAt: null };

  const best = bestOf(ways, level);
  const instants = best.ways.map((way) => Math.min(...way.proofs.map((proof) => proof.at)));
  return {
    level,
    acr: best.acr,
    amr: amrOf(counted, level),
    authenticatedAt: Math.max(...instants),
  };
}

/**
 * What the proofs lack to meet a requirement, or null when they meet it. Of several lacks the one
 * is named that takes most to make good.
 */
export function assuranceShortfall(
  requirement: Requirement,
  proofs: readonly Proof[],
  now: EpochMs,
): Shortfall | null {
  const strong = waysOf(proofsThatCount(proofs, now)).filter(
    (way) => way.level >= requirement.level,
  );
  if (strong.length === 0) return 'level-too-low';

  const resistant = strong.filter(
    (way) => !requirement.isPhishingResistant || isPhishingResistant(way),
  );
  if (resistant.length === 0) return 'not-phishing-resistant';

  const accepted = resistant.filter((way) => isAccepted(way, requirement.methods));
  if (accepted.length === 0) return 'method-not-accepted';

  const fresh = accepted.filter((way) => isFresh(way, requirement.withinSeconds, now));
  return fresh.length === 0 ? 'proof-too-old' : null;
}

/**
 * The trusted devices that the level of these proofs rests on: without what is remembered there it
 * would be lower.
 */
export function devicesRestedOn(proofs: readonly Proof[], now: EpochMs): readonly DeviceId[] {
  const remembered = proofs.filter(isRemembered);
  const others = proofs.filter((proof) => !isRemembered(proof));
  if (levelOf(others, now) >= levelOf(proofs, now)) return [];
  return remembered.flatMap(({ deviceId }) => (deviceId === undefined ? [] : [deviceId]));
}

/** Which of these second factors, proved afresh beside the password, would meet a requirement. */
export function methodsThatWouldMeet(
  requirement: Requirement,
  methods: readonly MethodId[],
): readonly MethodId[] {
  return methods.filter(
    (method) =>
      (requirement.methods === null || requirement.methods.includes(method)) &&
      (!requirement.isPhishingResistant || method === 'webauthn'),
  );
}

/** Proofs that together amount to a level. */
interface Way {
  readonly level: 1 | 2;
  readonly proofs: readonly Proof[];
  /** The proof of something one has; null when only something one knows was proved. */
  readonly second: Proof | null;
}

function levelOfWays(ways: readonly Way[]): AssuranceLevel {
  return ways.reduce<AssuranceLevel>((level, way) => (way.level > level ? way.level : level), 0);
}

function proofsThatCount(proofs: readonly Proof[], now: EpochMs): readonly Proof[] {
  return proofs.filter((proof) => !isFromTheFuture(proof.at, now));
}

function waysOf(proofs: readonly Proof[]): readonly Way[] {
  const passwords = proofs.filter((proof) => proof.method === 'password' && !isRemembered(proof));
  const seconds = proofs.filter((proof) => proof.method !== 'password');
  return [
    ...passwords.map((proof): Way => ({ level: 1, proofs: [proof], second: null })),
    // What a browser remembers stands beside a password that was given, and never alone.
    ...seconds
      .filter((proof) => !isRemembered(proof))
      .map((proof): Way => ({
        // An authenticator that verified the person itself is two factors by itself
        // (NIST SP 800-63B-4 §3.1.7); all others, recovery codes too, are one.
        level: isTwoFactors(proof) ? 2 : 1,
        proofs: [proof],
        second: proof,
      })),
    ...passwords.flatMap((password) =>
      seconds.map((second): Way => ({ level: 2, proofs: [password, second], second })),
    ),
  ];
}

function isTwoFactors(proof: Proof): boolean {
  return proof.method === 'webauthn' && proof.isUserVerified === true && !isRemembered(proof);
}

function isPhishingResistant({ second }: Way): boolean {
  return second?.method === 'webauthn' && !isRemembered(second);
}

function isAccepted({ second }: Way, methods: readonly MethodId[] | null): boolean {
  if (methods === null) return true;
  return second !== null && methods.includes(second.method) && !isRemembered(second);
}

function isRemembered(proof: Proof): boolean {
  return proof.origin === 'remembered';
}

/** Whether each proof was an answer given within the window; at its very end is within. */
function isFresh(way: Way, withinSeconds: number | null, now: EpochMs): boolean {
  if (withinSeconds === null) return true;
  return way.proofs.every(
    (proof) => proof.origin === 'answer' && now <= addSeconds(proof.at, withinSeconds),
  );
}

/** The highest class and the ways that reach it: a newer, weaker way must not lend it its date. */
function bestOf(
  ways: readonly Way[],
  level: 1 | 2,
): { readonly acr: Acr; readonly ways: readonly Way[] } {
  const reached = ways.filter((way) => way.level === level);
  if (level === 1) return { acr: 'aal1', ways: reached };
  const resistant = reached.filter(isPhishingResistant);
  return resistant.length > 0 ? { acr: 'phr', ways: resistant } : { acr: 'aal2', ways: reached };
}

/**
 * RFC 8176 §2. A recovery code is a one-time password. Of a passkey we say that possession of a
 * key was proved (`pop`), not that hardware holds it: a synchronised one has left its hardware.
 */
const amrValues: Readonly<Record<MethodId, readonly string[]>> = {
  password: ['pwd'],
  totp: ['otp'],
  'recovery-code': ['otp'],
  webauthn: ['pop', 'user'],
};

function amrOf(proofs: readonly Proof[], level: 1 | 2): readonly string[] {
  const values = new Set(proofs.flatMap((proof) => amrValues[proof.method]));
  if (level === 2) values.add('mfa');
  return [...values].sort();
}
