/**
 * Holds written values against a schema.
 *
 * What does not fit becomes a fault and is taken out, so that everything else can still be checked
 * and an operator hears of all mistakes at once. A value that something was taken out of serves to
 * look for further faults only; nothing may start with it.
 */

import type { z } from 'zod';

import { faultAt, type Fault } from '../faults.ts';
import { didYouMean } from './closest-name.ts';
import { formatPath, placeOf, type Path, type PlaceNode } from './places.ts';
import { descriptionAt, keysAt, schemaAt } from './schema-walk.ts';

/** Values that fit the schema, and what had to be taken out for that. */
export interface Fitted<Value> {
  /** Null when nothing could be saved. */
  readonly value: Value | null;
  readonly faults: readonly Fault[];
  /** The path at which something was written, for a path in `value`. */
  readonly originalPath: (path: Path) => Path;
  /** Says whether something at or below a path of `value` was taken out. */
  readonly isDamaged: (path: Path) => boolean;
}

/** Holds a value against a schema; each misfit becomes a fault at its place. */
export function fit<Schema extends z.ZodType>(
  schema: Schema,
  written: unknown,
  places: PlaceNode,
): Fitted<z.output<Schema>> {
  const faults: Fault[] = [];
  const removed: Removed = new Map();
  const originalPath = (path: Path) => throughHoles(path, removed);
  const isDamaged = (path: Path) => {
    const start = pathKey(originalPath(path));
    return [...removed.keys()].some((key) => key === start || key.startsWith(`${start}\0`));
  };

  // Taking out one value can leave another incomplete, which is then taken out too. Each round
  // takes out at least one, and the first round has already found all that is wrong.
  for (let round = 1; ; round += 1) {
    const remaining = withoutRemoved(written, [], removed);
    const fitted = schema.safeParse(remaining, { error: sentence });
    if (fitted.success) return { value: fitted.data, faults, originalPath, isDamaged };
    const misfits = fitted.error.issues.flatMap((issue) => misfitsOf(issue, schema, remaining));
    if (round === 1) {
      const found = misfits.map((misfit) =>
        faultAt(placeOf(places, misfit.path, misfit.part), misfit.message),
      );
      faults.push(...found);
    }
    for (const misfit of misfits) {
      const path = originalPath(misfit.path);
      const standIn = standInFor(schema, path);
      const isNew = standIn !== undefined && !removed.has(pathKey(path));
      const victim = isNew ? path : nearestWritten(path, written, removed);
      if (victim.length === 0) return { value: null, faults, originalPath, isDamaged };
      removed.set(pathKey(victim), { path: victim, standIn: isNew ? standIn : undefined });
    }
  }
}

/** What was taken out, by path, and what stands there instead. */
type Removed = Map<string, { readonly path: Path; readonly standIn: unknown }>;

/** An object cannot be without this value, but all else in it can be looked at with an example. */
function standInFor(schema: z.ZodType, path: Path): unknown {
  const examples = schemaAt(schema, path)?.meta()?.['examples'];
  return Array.isArray(examples) ? (examples[0] as unknown) : undefined;
}

interface Misfit {
  readonly path: Path;
  readonly part: 'key' | 'value';
  readonly message: string;
}

function misfitsOf(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  written: unknown,
): readonly Misfit[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  const at = path.length === 0 ? '' : `${formatPath(path)}: `;
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      part: 'key',
      message: `${at}unknown key "${key}"${hintAt(key, known)}`,
    }));
  }
  if (issue.code === 'invalid_key') {
    return [{ path, part: 'key', message: `${at}${issue.issues[0]?.message ?? issue.message}` }];
  }
  if (issue.code === 'invalid_union') {
    // The branch whose outer type fits is the one that was meant.
    const branch = issue.errors.find((errors) => errors.every((error) => error.path.length > 0));
    if (branch !== undefined && branch.length > 0) {
      return branch.flatMap((error) =>
        misfitsOf({ ...error, path: [...issue.path, ...error.path] }, schema, written),
      );
    }
    const messages = issue.errors.map((errors) => errors[0]?.message ?? issue.message);
    return [{ path, part: 'value', message: at + (messages[0] ?? issue.message) }];
  }
  const isMissing = nearestWritten(path, written, new Map()).length < path.length;
  const description = isMissing ? descriptionAt(schema, path) : null;
  const message = description === null ? issue.message : `is missing. ${description}`;
  return [{ path, part: 'value', message: at + message }];
}

function hintAt(key: string, known: readonly string[]): string {
  return didYouMean(key, known) || `; known here: ${known.join(', ')}`;
}

/** What zod's findings are called where a type has no words of its own. */
function sentence(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') {
    if (issue.input === undefined) return 'is missing';
    return `write ${nouns[issue.expected] ?? issue.expected}, not ${kindOf(issue.input)}`;
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    const near = typeof issue.input === 'string' ? didYouMean(issue.input, values) : '';
    return `write one of: ${values.join(', ')}${near}`;
  }
  if (issue.code === 'too_small') return `write ${String(issue.minimum)} or more`;
  if (issue.code === 'too_big') return `write ${String(issue.maximum)} or less`;
  return undefined;
}

const nouns: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'keys and values',
  record: 'names and values',
};

function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'keys and values';
  if (typeof value === 'string') return 'text';
  return typeof value === 'number' ? 'a number' : 'true or false';
}

function pathKey(path: Path): string {
  return path.map((step) => `\0${typeof step}:${String(step)}`).join('');
}

function withoutRemoved(value: unknown, path: Path, removed: Removed): unknown {
  if (removed.size === 0) return value;
  if (Array.isArray(value)) {
    return value
      .map((item: unknown, index) => ({ item, path: [...path, index] }))
      .filter((entry) => !removed.has(pathKey(entry.path)))
      .map((entry) => withoutRemoved(entry.item, entry.path, removed));
  }
  if (typeof value !== 'object' || value === null) return value;
  const standIns = [...removed.values()]
    .filter((entry) => entry.standIn !== undefined)
    .filter((entry) => pathKey(entry.path.slice(0, -1)) === pathKey(path))
    .map((entry): [string, unknown] => [String(entry.path.at(-1)), entry.standIn]);
  const kept = Object.entries(value)
    .filter(([key]) => !removed.has(pathKey([...path, key])))
    .map(([key, child]) => [key, withoutRemoved(child, [...path, key], removed)] as const);
  return Object.fromEntries([...kept, ...standIns]);
}

/** The original position of what stands at a path after elements of lists were taken out. */
function throughHoles(path: Path, removed: Removed): Path {
  const original: (string | number)[] = [];
  for (const step of path) {
    if (typeof step === 'string') {
      original.push(step);
      continue;
    }
    let index = 0;
    for (let kept = 0; ; index += 1) {
      if (removed.has(pathKey([...original, index]))) continue;
      if (kept === step) break;
      kept += 1;
    }
    original.push(index);
  }
  return original;
}

/** The path itself where something is written, else the nearest one above that is. */
function nearestWritten(path: Path, written: unknown, removed: Removed): Path {
  const found: (string | number)[] = [];
  let value = written;
  for (const step of path) {
    const isWritten = typeof value === 'object' && value !== null && Object.hasOwn(value, step);
    if (!isWritten || removed.has(pathKey([...found, step]))) break;
    value = (value as Readonly<Record<string | number, unknown>>)[step];
    found.push(step);
  }
  return found;
}
