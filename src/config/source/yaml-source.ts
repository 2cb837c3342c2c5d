/**
 * Reads YAML 1.2 into plain data and remembers the place of every value.
 *
 * The text may be hostile: its size, depth and number of values (aliases expanded) are bounded,
 * and whatever the parser stumbles over becomes a fault, never an exception.
 */

import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Alias, Node, YAMLMap, YAMLSeq } from 'yaml';

import { faultAt, type Fault, type Place } from '../faults.ts';
import type { PlaceNode } from './places.ts';

const charactersMax = 1024 * 1024;
const valuesMax = 20_000;
const depthMax = 32;
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const controlCharacter = /[\0-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** What a YAML text amounts to. With faults, value and places are those that could be read. */
export interface YamlSource {
  readonly value: unknown;
  readonly places: PlaceNode;
  readonly faults: readonly Fault[];
}

/** Reads a YAML text; `file` is the name that its places carry. */
export function readYaml(text: string, file: string): YamlSource {
  const start: Place = { file, line: 1, column: 1 };
  const nothing = (message: string): YamlSource => ({
    value: undefined,
    places: { key: null, value: start, children: new Map() },
    faults: [faultAt(start, message)],
  });
  if (text.length > charactersMax) return nothing('this file is too large; the limit is 1 MiB');

  const control = controlCharacter.exec(text);
  if (control !== null) {
    const before = text.slice(0, control.index).split('\n');
    const column = (before.at(-1) ?? '').length + 1;
    const place: Place = { file, line: before.length, column };
    return { ...nothing(''), faults: [faultAt(place, 'a control character cannot stand here')] };
  }

  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    const document = parseDocument(text, {
      version: '1.2',
      strict: true,
      // Checked below with one look-up per key; the parser compares every key with every other.
      uniqueKeys: false,
      merge: false,
      prettyErrors: false,
      // 'silent' would let a second document pass unseen; nothing is printed either way.
      logLevel: 'error',
      lineCounter: lines,
    });
    const faults = [...document.errors, ...document.warnings].map((error) =>
      faultAt(placeAt(error.pos[0]), `this is not valid YAML: ${asSentence(error.message)}`),
    );
    const reader: Reader = { placeAt, faults, anchors: new Map(), values: 0 };
    const root = readNode(reader, document.contents, { key: null, start, depth: 0 });
    return { value: root.value, places: root.places, faults };
  } catch (error) {
    if (error instanceof TooMuch) return nothing('this file holds too much to be a configuration');
    // The parser recurses; brackets opened a hundred thousand deep exhaust its stack.
    return nothing('this file is nested too deeply to be read');
  }
}

interface Reader {
  readonly placeAt: (offset: number) => Place;
  readonly faults: Fault[];
  readonly anchors: Map<string, Node>;
  /** Values read so far; aliases count each time, so that a few lines cannot become millions. */
  values: number;
}

interface Spot {
  readonly key: Place | null;
  /** The place of a value that is not written. */
  readonly start: Place;
  readonly depth: number;
}

interface Read {
  readonly value: unknown;
  readonly places: PlaceNode;
}

class TooMuch extends Error {}

function readNode(reader: Reader, node: Node | null | undefined, spot: Spot): Read {
  const [from, to] = node?.range ?? [0, 0];
  const place = to > from ? reader.placeAt(from) : spot.start;
  const places: PlaceNode = { key: spot.key, value: place, children: new Map() };
  reader.values += 1;
  if (reader.values > valuesMax || spot.depth > depthMax) throw new TooMuch();

  if (isAlias(node)) return readAlias(reader, node, { places, depth: spot.depth });
  if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined) {
    reader.anchors.set(node.anchor, node);
  }
  if (isMap(node)) return readMap(reader, node, { places, depth: spot.depth });
  if (isSeq(node)) return readSeq(reader, node, { places, depth: spot.depth });
  if (isScalar(node)) {
    const { value } = node;
    if (typeof value === 'bigint') return { value: Number(value), places };
    if (typeof value === 'object' && value !== null) {
      reader.faults.push(faultAt(place, 'write this without a tag'));
      return { value: null, places };
    }
    return { value, places };
  }
  return { value: null, places };
}

interface Opened {
  readonly places: PlaceNode;
  readonly depth: number;
}

function readAlias(reader: Reader, alias: Alias, opened: Opened): Read {
  const { key, value: start } = opened.places;
  const target = reader.anchors.get(alias.source);
  if (target === undefined) {
    const hint = 'put a text that begins with * in quotes';
    reader.faults.push(faultAt(start, `there is no anchor "${alias.source}"; ${hint}`));
    return { value: null, places: opened.places };
  }
  return readNode(reader, target, { key, start, depth: opened.depth + 1 });
}

function readSeq(reader: Reader, seq: YAMLSeq, { places, depth }: Opened): Read {
  const value = seq.items.map((item, index) => {
    const child = readNode(reader, item as Node, {
      key: null,
      start: places.value,
      depth: depth + 1,
    });
    places.children.set(index, child.places);
    return child.value;
  });
  return { value, places };
}

function readMap(reader: Reader, map: YAMLMap, { places, depth }: Opened): Read {
  const value: Record<string, unknown> = {};
  for (const pair of map.items) {
    const keyNode = pair.key as Node | null;
    const offset = keyNode?.range?.[0];
    const keyPlace = offset === undefined ? places.value : reader.placeAt(offset);
    const name = isScalar(keyNode) ? keyNode.value : null;
    if (typeof name !== 'string' && typeof name !== 'number' && typeof name !== 'boolean') {
      reader.faults.push(faultAt(keyPlace, 'a key must be a plain name'));
      continue;
    }
    const key = String(name);
    if (key === '__proto__') {
      reader.faults.push(faultAt(keyPlace, 'this cannot be used as a key'));
      continue;
    }
    const known = places.children.get(key);
    if (known !== undefined) {
      const first = String(known.key?.line ?? 1);
      reader.faults.push(
        faultAt(keyPlace, `"${key}" is written twice; the first one is on line ${first}`),
      );
      continue;
    }
    const child = readNode(reader, pair.value as Node | null, {
      key: keyPlace,
      start: keyPlace,
      depth: depth + 1,
    });
    places.children.set(key, child.places);
    value[key] = child.value;
  }
  return { value, places };
}

/** The parser's sentences begin with a capital; ours follow a colon. */
function asSentence(message: string): string {
  const first = message.split('\n')[0] ?? message;
  return first.charAt(0).toLowerCase() + first.slice(1);
}
