/**
 * Finds the patterns that a path may match without trying them all: a tree of the segments that
 * patterns begin with before their first wildcard.
 *
 * The tree only leaves out what cannot match, in either reading of letter case; what it lets
 * through is still matched in full. So it can make a look-up faster and never change its outcome.
 */

import { foldedName, type PathPattern } from './path-pattern.ts';
import { segmentNames } from './path.ts';

/** Items in their order, by where in the tree of paths they can apply. */
export interface PathTree<Item> {
  /** Every item that may match the path, and few that do not, in their order. */
  candidates(path: string): readonly Item[];
}

interface Node {
  /** Positions of the items whose patterns end here or go on with a wildcard. */
  readonly here: number[];
  readonly below: Map<string, Node>;
}

/** Builds the tree. `patternsOf` null: the item applies to every path. */
export function createPathTree<Item>(
  items: readonly Item[],
  patternsOf: (item: Item) => readonly PathPattern[] | null,
): PathTree<Item> {
  const root: Node = { here: [], below: new Map() };
  for (const [position, item] of items.entries()) {
    const patterns = patternsOf(item);
    const nodes = patterns === null ? [root] : patterns.map((pattern) => nodeFor(root, pattern));
    for (const node of new Set(nodes)) node.here.push(position);
  }
  return {
    candidates(path) {
      const positions = positionsAlong(root, segmentNames(path) ?? []);
      return positions.map((position) => items[position] as Item);
    },
  };
}

/** The node that a pattern belongs to: as deep as its segments stand for themselves alone. */
function nodeFor(root: Node, { segments, foldedSegments }: PathPattern): Node {
  let node = root;
  for (const [at, folded] of foldedSegments.entries()) {
    if (folded.includes('*') || segments[at]?.includes('*') !== false) break;
    const next = node.below.get(folded) ?? { here: [], below: new Map<string, Node>() };
    node.below.set(folded, next);
    node = next;
  }
  return node;
}

function positionsAlong(root: Node, names: readonly string[]): readonly number[] {
  let node: Node | undefined = root;
  let positions: readonly number[] = root.here;
  for (const name of names) {
    node = node.below.get(foldedName(name));
    if (node === undefined) break;
    if (node.here.length > 0) positions = [...positions, ...node.here];
  }
  return positions === root.here ? positions : [...new Set(positions)].sort((a, b) => a - b);
}
