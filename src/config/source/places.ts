/** Where each value of a configuration is written. */

import type { Place } from '../faults.ts';

/** A way to a value: keys and indexes from the root. */
export type Path = readonly (string | number)[];

/** The places of one value, its key and everything below it. */
export interface PlaceNode {
  /** Where the key is written; null at the root and in lists. */
  readonly key: Place | null;
  readonly value: Place;
  readonly children: Map<string | number, PlaceNode>;
}

/**
 * The place of the value (or its key) at a path. What is not written has the place of the key that
 * it is missing under, and at the root the first line.
 */
export function placeOf(root: PlaceNode, path: Path, part: 'key' | 'value' = 'value'): Place {
  let node = root;
  for (const step of path) {
    const child = node.children.get(step);
    if (child === undefined) return node.key ?? node.value;
    node = child;
  }
  return part === 'key' ? (node.key ?? node.value) : node.value;
}

/** A path as a person writes it: `routes[0].rules[1].when.path`. */
export function formatPath(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${String(step)}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join('');
}
