/** The files that explain the configuration cannot drift from it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { mfaPolicySchema } from '../../../src/config/mfa-policy.ts';
import { shapesOf } from '../../../src/config/source/schema-walk.ts';
import { operatorPolicy } from '../../support/config-files.ts';

const folder = path.join(import.meta.dirname, '../../../config');
const fileIn = (name: string) => readFileSync(path.join(folder, name), 'utf8');

type Schema = Parameters<typeof shapesOf>[0];

interface Key {
  /** `.routes[].name` */
  readonly path: string;
  readonly name: string;
  readonly schema: Schema;
}

/** Every key below a schema. */
function keysOf(schema: Schema, at = ''): readonly Key[] {
  return shapesOf(schema).flatMap((shape): readonly Key[] => {
    if (shape.kind === 'list') return keysOf(shape.item, `${at}[]`);
    if (shape.kind === 'record') return keysOf(shape.value, `${at}{}`);
    if (shape.kind === 'scalar') return [];
    return Object.entries(shape.keys).flatMap(([name, child]) => [
      { path: `${at}.${name}`, name, schema: child },
      ...keysOf(child, `${at}.${name}`),
    ]);
  });
}

describe('config/sallyport.schema.json', () => {
  test('is what `npm run schema` writes', () => {
    assert.equal(fileIn('sallyport.schema.json'), configJsonSchema(), 'Run `npm run schema`.');
  });

  test('refuses unknown keys and describes the known ones', () => {
    const schema = JSON.parse(configJsonSchema()) as {
      readonly additionalProperties: boolean;
      readonly properties: Readonly<Record<string, { readonly description: string }>>;
    };
    assert.equal(schema.additionalProperties, false);
    for (const { description } of Object.values(schema.properties)) assert.ok(description !== '');
  });
});

describe('config/sallyport.example.yaml', () => {
  test('has every key', () => {
    const example = fileIn('sallyport.example.yaml');
    const missing = keysOf(configSchema)
      .filter(({ name }) => !new RegExp(`(^|[\\s{,#])${name}:`, 'm').test(example))
      .map((entry) => entry.path);
    assert.deepEqual(missing, []);
  });
});

describe('every key', () => {
  test('says what it does', () => {
    const mute = [...keysOf(configSchema), ...keysOf(mfaPolicySchema)]
      .filter(({ schema }) => (schema.description ?? '') === '')
      .map((entry) => entry.path);
    assert.deepEqual(mute, []);
  });
});

describe('config/mfa-policy.yaml', () => {
  test('has every key of a policy', () => {
    const missing = keysOf(mfaPolicySchema)
      .filter(({ name }) => !operatorPolicy.includes(`${name}:`))
      .map((entry) => entry.path);
    assert.deepEqual(missing, []);
  });
});
