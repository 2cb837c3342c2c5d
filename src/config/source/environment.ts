/**
 * Values from the environment: `SALLYPORT_SERVER__LISTEN` overrides `server.listen`.
 *
 * Two underscores go one level down; case, hyphens and single underscores do not matter. What may
 * be secret can also stand in a file that `SALLYPORT_…_FILE` names. A value that is given both
 * ways is an error: nobody could say which of them somebody forgot.
 */

import { readFileSync } from 'node:fs';
import type { z } from 'zod';

import { faultAt, type Fault, type Place } from '../faults.ts';
import { didYouMean, foldName } from './closest-name.ts';
import { formatPath, type Path, type PlaceNode } from './places.ts';
import { keysAt, schemaAt, shapesOf } from './schema-walk.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

/** Environment variables, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

const prefix = 'SALLYPORT_';

/** Lays the values of the environment over those of a file. */
export function withEnvironment(
  source: YamlSource,
  environment: Environment,
  schema: z.ZodType,
): YamlSource {
  const faults: Fault[] = [...source.faults];
  const given = new Map<string, string>();
  let laid: Laid = { value: source.value, places: source.places };

  for (const variable of Object.keys(environment).sort()) {
    const content = environment[variable];
    if (content === undefined || !isOurs(variable, schema)) continue;
    const place: Place = { file: variable, line: 1, column: 1 };
    const target = targetOf(variable, schema, laid.value);
    if (!target.ok) {
      faults.push(faultAt(place, target.message));
      continue;
    }
    const name = formatPath(target.path);
    const other = given.get(name);
    if (other !== undefined) {
      faults.push(faultAt(place, `${name} is given by ${other} too; keep one of the two`));
      continue;
    }
    given.set(name, variable);
    if (target.isFile && valueAt(source.value, target.path) !== undefined) {
      const message = `${name} is written in the configuration too; keep one of the two`;
      faults.push(faultAt(place, message));
      continue;
    }
    const text = target.isFile ? readSecret(content) : { ok: true as const, text: content };
    if (!text.ok) {
      faults.push(faultAt(place, text.message));
      continue;
    }
    const read = readValue(text.text, variable, schemaAt(schema, target.path));
    faults.push(...read.faults);
    laid = lay(laid, target.path, { value: read.value, places: read.places });
  }
  return { value: laid.value, places: laid.places, faults };
}

interface Laid {
  readonly value: unknown;
  readonly places: PlaceNode;
}

/**
 * Whether a variable is meant for us. Orchestrators put variables of their own beside ours
 * (`SALLYPORT_SERVICE_HOST` for a Kubernetes service of that name), so without two underscores only
 * the name of a section counts.
 */
function isOurs(variable: string, schema: z.ZodType): boolean {
  if (!variable.startsWith(prefix)) return false;
  const name = variable.slice(prefix.length);
  if (name.includes('__')) return true;
  return keysAt(schema, []).some((key) => foldName(key) === foldName(name));
}

type Target =
  | { readonly ok: true; readonly path: Path; readonly isFile: boolean }
  | { readonly ok: false; readonly message: string };

function targetOf(variable: string, schema: z.ZodType, value: unknown): Target {
  const steps = variable.slice(prefix.length).split('__');
  let path: Path = [];
  for (const [index, step] of steps.entries()) {
    const next = stepInto(schema, path, { step, value });
    if (next !== null) {
      path = [...path, next];
      continue;
    }
    const isLast = index === steps.length - 1;
    const file = isLast && step.endsWith('_FILE') ? step.slice(0, -'_FILE'.length) : null;
    const key = file === null ? null : stepInto(schema, path, { step: file, value });
    if (key !== null) {
      const secret = [...path, key];
      if (isSecret(schemaAt(schema, secret))) return { ok: true, path: secret, isFile: true };
      const plain = [...steps.slice(0, -1), file].join('__');
      const message = `only secrets can be read from a file; set ${prefix}${plain} instead`;
      return { ok: false, message };
    }
    return { ok: false, message: unknownMessage(step, path, keysAt(schema, path)) };
  }
  return { ok: true, path, isFile: false };
}

function unknownMessage(step: string, path: Path, known: readonly string[]): string {
  const parent = path.length === 0 ? 'the configuration' : formatPath(path);
  const hint = didYouMean(step, known);
  const list = known.length === 0 ? '' : `; known there: ${known.join(', ')}`;
  return `${parent} has no key ${step.toLowerCase()}${hint || list}`;
}

/** The key or index that one part of a variable's name stands for. */
function stepInto(
  schema: z.ZodType,
  path: Path,
  { step, value }: { readonly step: string; readonly value: unknown },
): string | number | null {
  const here = schemaAt(schema, path);
  if (here === null || step === '') return null;
  for (const shape of shapesOf(here)) {
    if (shape.kind === 'object') {
      const key = Object.keys(shape.keys).find((name) => foldName(name) === foldName(step));
      if (key !== undefined) return key;
    }
    if (shape.kind === 'record') {
      const written = valueAt(value, path);
      const names = typeof written === 'object' && written !== null ? Object.keys(written) : [];
      const name = names.find((known) => foldName(known) === foldName(step));
      return name ?? step.toLowerCase().replaceAll('_', '-');
    }
    if (shape.kind === 'list' && /^\d{1,4}$/.test(step)) {
      const list = valueAt(value, path);
      const length = Array.isArray(list) ? list.length : 0;
      if (Number(step) <= length) return Number(step);
    }
  }
  return null;
}

function isSecret(schema: z.ZodType | null): boolean {
  return schema?.meta()?.['writeOnly'] === true;
}

function readSecret(
  file: string,
): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string } {
  try {
    return { ok: true, text: readFileSync(file, 'utf8').trim() };
  } catch {
    return { ok: false, message: `the file ${file} cannot be read` };
  }
}

/** YAML where that fits the schema (numbers, lists, true); the text itself where it does not. */
function readValue(text: string, variable: string, schema: z.ZodType | null): YamlSource {
  const read = readYaml(text, variable);
  const place: Place = { file: variable, line: 1, column: 1 };
  const asText: YamlSource = {
    value: text,
    places: { key: place, value: place, children: new Map() },
    faults: [],
  };
  if (schema === null) return asText;
  const fits = (value: unknown) => schema.safeParse(value).success;
  const isReadable = read.faults.length === 0;
  if (isReadable && fits(read.value)) return read;
  if (fits(text) || !isReadable || typeof read.value !== 'object') return asText;
  return read;
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  return value;
}

/** A copy with one value put at a path; what is missing on the way is made. */
function lay(onto: Laid, path: Path, addition: Laid): Laid {
  const [step, ...rest] = path;
  if (step === undefined) return addition;
  const { value, places } = onto;
  const below: Laid = {
    value: valueAt(value, [step]),
    places: places.children.get(step) ?? { ...addition.places, children: new Map() },
  };
  const laid = lay(below, rest, addition);
  const children = new Map(places.children).set(step, laid.places);
  if (typeof step === 'number') {
    const list: unknown[] = Array.isArray(value) ? [...(value as readonly unknown[])] : [];
    list[step] = laid.value;
    return { value: list, places: { ...places, children } };
  }
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  return {
    value: { ...(isMap ? value : {}), [step]: laid.value },
    places: { ...places, children },
  };
}
