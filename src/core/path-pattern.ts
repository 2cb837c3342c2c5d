/**
 * Globs on whole path segments.
 *
 * `*` stands for one segment, or for a part of one (`*.js`); `**` for any number of segments, none
 * included. Patterns and paths are compared name by name after decoding, letters in their case.
 * A slash at the end makes no difference on either side: to most servers `/users/` is `/users`, and
 * a rule must not be walked around by typing one character more.
 */

import { isSegmentName, segmentNames } from './path.ts';

/** A compiled pattern such as `/admin/**`. */
export interface PathPattern {
  /** As written in the configuration. */
  readonly text: string;
  /** Decoded; `**` stands alone, a `*` is always a wildcard. */
  readonly segments: readonly string[];
  /** The segments as a server reads them that does not tell letters apart by their case. */
  readonly foldedSegments: readonly string[];
}

/**
 * Reads a pattern. Null for one that could never match a canonical path, and for signs that other
 * glob dialects give a meaning (`?`, `[a]`, `{a,b}`, `:id`); escaped, those stand for themselves.
 */
export function parsePathPattern(text: string): PathPattern | null {
  if (!text.startsWith('/')) return null;
  const written = text.slice(1).split('/');
  if (written.at(-1) === '') written.pop();
  const segments = written.map(parseSegment);
  return segments.every((segment) => segment !== null)
    ? { text, segments, foldedSegments: segments.map(foldedName) }
    : null;
}

/** Says whether a canonical path matches. Linear in the length of the path, for any pattern. */
export function matchesPath(pattern: PathPattern, path: string): boolean {
  const names = segmentNames(path);
  return names !== null && matchesRun(pattern.segments, names, isAnyRun, matchesName);
}

/**
 * Says whether a canonical path matches for a server that reads `/ADMIN`, `/admin.` and `/admin`
 * as one, as Express, IIS and Windows do in part.
 *
 * Security: what is matched in one way and served in another walks around a rule (CVE-2026-27587).
 * Routes and rules are looked up both ways; where the answers differ there is none.
 */
export function matchesPathFolded(pattern: PathPattern, path: string): boolean {
  const names = segmentNames(path)?.map(foldedName) ?? null;
  return names !== null && matchesRun(pattern.foldedSegments, names, isAnyRun, matchesName);
}

/**
 * Says whether every path that `inner` matches is matched by `outer` too. A yes is certain, a no
 * may be a "cannot tell".
 */
export function coversPath(outer: PathPattern, inner: PathPattern): boolean {
  return matchesRun(outer.segments, inner.segments, isAnyRun, coversSegment);
}

/** Says whether some path matches both patterns. */
export function overlapsPath(one: PathPattern, other: PathPattern): boolean {
  return runsOverlap(one.segments, other.segments, isAnyRun, (segment, otherSegment) =>
    runsOverlap(segment.split(''), otherSegment.split(''), isAnyText, isSame),
  );
}

function parseSegment(written: string): string | null {
  if (written === '**') return written;
  if (written.includes('**') || /^:|[?[\]{}]|%2a/i.test(written)) return null;
  const name = decodedName(written);
  // `x` for the wildcard: what the names that match look like is what must be possible.
  return name !== null && name !== '' && isSegmentName(name.replaceAll('*', 'x')) ? name : null;
}

/** Letters without their case or width, and nothing of what Windows drops at the end. */
export function foldedName(name: string): string {
  return /^[a-z0-9*_-]*$/.test(name)
    ? name
    : name
        .normalize('NFKC')
        .toLowerCase()
        .replace(/[. ]+$/, '');
}

function decodedName(written: string): string | null {
  try {
    return decodeURIComponent(written);
  } catch {
    return null;
  }
}

function isAnyRun(segment: string): boolean {
  return segment === '**';
}

function isAnyText(character: string): boolean {
  return character === '*';
}

function isSame(one: string, other: string): boolean {
  return one === other;
}

function matchesName(segment: string, name: string): boolean {
  if (!segment.includes('*')) return segment === name;
  return segment === '*' || matchesRun(segment.split(''), name.split(''), isAnyText, isSame);
}

function coversSegment(outer: string, inner: string): boolean {
  // A run of segments is covered by a run only. Within a segment, the star of `inner` counts as
  // one more character that no written character equals, so only a star of `outer` covers it.
  return inner !== '**' && matchesName(outer, inner);
}

/**
 * Matches items against a pattern in which some signs stand for any run of items.
 *
 * When an item does not fit, only the last such sign is tried again, one item longer. That is
 * enough, since an earlier one taking more would leave less to the rest; so no pattern can make
 * this take more than (length of pattern × number of items) steps.
 */
function matchesRun<Item>(
  pattern: readonly Item[],
  items: readonly Item[],
  isAny: (sign: Item) => boolean,
  fits: (sign: Item, item: Item) => boolean,
): boolean {
  let sign = 0;
  let item = 0;
  let retry: { readonly sign: number; item: number } | null = null;
  while (item < items.length) {
    const wanted = pattern[sign];
    const found = items[item] as Item;
    if (wanted !== undefined && isAny(wanted)) {
      sign += 1;
      retry = { sign, item };
    } else if (wanted !== undefined && fits(wanted, found)) {
      sign += 1;
      item += 1;
    } else if (retry === null) {
      return false;
    } else {
      retry.item += 1;
      ({ sign, item } = retry);
    }
  }
  return pattern.slice(sign).every(isAny);
}

/** Says whether some run of items matches both patterns: each pair of positions is tried once. */
function runsOverlap<Item>(
  one: readonly Item[],
  other: readonly Item[],
  isAny: (sign: Item) => boolean,
  fits: (sign: Item, otherSign: Item) => boolean,
): boolean {
  // reachable[j]: what stands before position i of `one` can equal what stands before j of `other`.
  let reachable = runOfAnys(other, isAny);
  for (const sign of one) {
    const next: boolean[] = [isAny(sign) && reachable[0] === true];
    for (const [index, otherSign] of other.entries()) {
      const isReached =
        isAny(sign) || isAny(otherSign)
          ? reachable[index + 1] === true || next[index] === true
          : reachable[index] === true && fits(sign, otherSign);
      next.push(isReached);
    }
    reachable = next;
  }
  return reachable[other.length] === true;
}

/** Reachable positions before the first sign: as far as signs that may stand for nothing go. */
function runOfAnys<Item>(signs: readonly Item[], isAny: (sign: Item) => boolean): boolean[] {
  const first = signs.findIndex((sign) => !isAny(sign));
  const length = first === -1 ? signs.length : first;
  return [true, ...signs.map((_, index) => index < length)];
}
