/** A configuration that fits the schema and is now looked at as a whole. */

import { faultAt, type Fault, type Place } from '../faults.ts';
import type { WrittenConfig } from '../schema.ts';
import { formatPath, placeOf, type Path, type PlaceNode } from '../source/places.ts';
import type { Fitted } from '../source/shape-faults.ts';

/** What the checks look at, and where they report. */
export interface Draft {
  readonly written: WrittenConfig;
  /** Paths that are not absolute begin here. */
  readonly folder: string;
  /** Reports a fault at the place of a value (or its key). */
  report(path: Path, message: string, part?: 'key' | 'value'): void;
  placeOf(path: Path): Place;
  /** Something is written here, right or wrong. The path is the original one. */
  isWritten(path: Path): boolean;
  /** Something here did not fit the schema; it was reported and must not be reported again. */
  isDamaged(path: Path): boolean;
}

/** Makes a draft; the faults that its checks report are added to `faults`. */
export function draftOf(
  fitted: Fitted<WrittenConfig> & { readonly value: WrittenConfig },
  {
    places,
    folder,
    faults,
  }: {
    readonly places: PlaceNode;
    readonly folder: string;
    readonly faults: Fault[];
  },
): Draft {
  return {
    written: fitted.value,
    folder,
    report: (path, message, part = 'value') => {
      const original = asWritten(fitted.originalPath(path), places);
      const place = placeOf(places, original, part);
      faults.push(faultAt(place, `${formatPath(original)}: ${message}`));
    },
    placeOf: (path) => placeOf(places, fitted.originalPath(path)),
    isWritten: (path) => nodeAt(places, path) !== undefined,
    isDamaged: fitted.isDamaged,
  };
}

/** A single item may have been written without its list: then the item is the value itself. */
function asWritten(path: Path, places: PlaceNode): Path {
  if (typeof path.at(-1) !== 'number') return path;
  return nodeAt(places, path) === undefined ? path.slice(0, -1) : path;
}

function nodeAt(places: PlaceNode, path: Path): PlaceNode | undefined {
  let node: PlaceNode | undefined = places;
  for (const step of path) node = node?.children.get(step);
  return node;
}
