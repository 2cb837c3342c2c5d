/**
 * Any input of any kind gets a clear answer (G13): every operation is called with what its schema
 * describes, with what is nearly that, and with rubbish, by nobody, by somebody and by every role.
 * None of it may end in a 5xx, and what is refused is refused by a problem document.
 */

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import * as fc from 'fast-check';
import { z } from 'zod';
import { problemTypes } from '../../../src/core/problem.ts';
import type { Operation } from '../../../src/web/api/operation.ts';
import { operations } from '../../../src/web/api/operations.ts';
import type { ApiReply } from '../../support/api-client.ts';
import { type ApiOffice, type OfficePerson, openApiOffice } from '../../support/api-office.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/** Texts that programs have stumbled over. */
const nastyText = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    '\uD800',
    '../..',
    '%00',
    "'; drop table users; --",
    '<script>alert(1)</script>',
    'a'.repeat(5000),
    '__proto__',
    'constructor',
    'null',
    '-1',
    '9007199254740993',
    '2026-02-30T25:61:61Z',
    'default',
  ),
);

const rubbish = fc.oneof(fc.jsonValue({ maxDepth: 3 }), nastyText, fc.constant(undefined));

/** What a schema describes, now and then with something else in a place. */
function near(schema: JsonSchema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 6, arbitrary: fitting(schema) }, { weight: 1, arbitrary: rubbish });
}

function fitting(schema: JsonSchema): fc.Arbitrary<unknown> {
  const { type, properties, items, anyOf } = schema;
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]));
  if (Array.isArray(anyOf)) return fc.oneof(...(anyOf as JsonSchema[]).map(near));
  switch (type) {
    case 'object': {
      const members = Object.entries((properties ?? {}) as Readonly<Record<string, JsonSchema>>);
      const required = (schema['required'] ?? []) as readonly string[];
      return fc.record(Object.fromEntries(members.map(([name, member]) => [name, near(member)])), {
        requiredKeys: [...required],
      });
    }
    case 'array':
      return fc.array(near((items ?? {}) as JsonSchema), { maxLength: 4 });
    case 'string':
      return fc.oneof(nastyText, fc.constantFrom('tim', 'TIER2', 'anywhere', 'password,totp@5m'));
    case 'integer':
    case 'number':
      return fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, 1, 50));
    case 'boolean':
      return fc.boolean();
    default:
      return rubbish;
  }
}

function schemaOf(schema: z.ZodType | null): JsonSchema {
  if (schema === null) return {};
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}

const whoever: fc.Arbitrary<OfficePerson | null> = fc.constantFrom(
  null,
  'olga',
  'ed',
  'mia',
  'aude',
  'tim',
  'zoe',
);

/** One call of an operation. */
interface Thrown {
  readonly as: OfficePerson | null;
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly key: string | null;
}

function throwsAt(operation: Operation, ids: readonly string[]): fc.Arbitrary<Thrown> {
  const parameter = fc.oneof(fc.constantFrom(...ids), nastyText);
  const query = fitting(schemaOf(operation.query)) as fc.Arbitrary<Record<string, unknown>>;
  return fc.record({
    as: whoever,
    path: fc.array(parameter, { minLength: 2, maxLength: 2 }),
    query: operation.query === null ? fc.constant({}) : query,
    body: near(schemaOf(operation.body)),
    key: fc.option(fc.constantFrom('k1', 'k2', 'not "quoted', '')),
  });
}

/** Headers and addresses carry no more than this; what cannot be sent is not the door's to refuse. */
function escaped(text: unknown): string {
  const written = typeof text === 'string' ? text : JSON.stringify(text ?? null);
  return encodeURIComponent(written.toWellFormed());
}

describe('the API', () => {
  let office: ApiOffice;
  before(async () => {
    office = await openApiOffice();
  });
  // Some operations end what the caller came with; the next one deserves callers who get in.
  beforeEach(async () => {
    await office.refresh();
  });
  after(async () => {
    await office.close();
  });

  for (const operation of operations) {
    test(`answers ${operation.id} clearly, whatever it is sent`, async () => {
      const ids = ['default', 'acme', office.idOf('tim'), office.idOf('zack'), 'rst_x'];
      await fc.assert(
        fc.asyncProperty(throwsAt(operation, ids), async (thrown) => {
          assertClear(operation, await send(office, operation, thrown));
        }),
        { numRuns: 40 },
      );
    });
  }

  test('refuses what is no JSON, or of another kind', async () => {
    const bodies = [
      '{',
      '[1,',
      '"',
      '{"a":1,"a":2}',
      'nul',
      '\u0000',
      '{}{}',
      '[[[[[['.repeat(5000),
    ];
    for (const body of bodies) {
      const reply = await office.call('olga', 'POST /explain', { body });
      assert.ok(reply.status >= 400 && reply.status < 500, `${body.slice(0, 20)}: ${reply.code}`);
    }
    const headers = { 'content-type': 'text/plain' };
    const plain = await office.call('olga', 'POST /explain', { body: '{"url":"/"}', headers });
    assert.equal(plain.code, 'unsupported-media-type');
  });
});

async function send(office: ApiOffice, operation: Operation, thrown: Thrown): Promise<ApiReply> {
  const segments = [...thrown.path];
  const path = operation.path.replaceAll(/\{\w+\}/g, () => escaped(segments.shift() ?? 'x') || 'x');
  const query = Object.entries(thrown.query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${escaped(value)}`)
    .join('&');
  return office.call(thrown.as, `${operation.method} ${path}${query === '' ? '' : `?${query}`}`, {
    ...(thrown.body !== undefined && { body: JSON.stringify(thrown.body) ?? 'null' }),
    ...(thrown.key !== null && { headers: { 'idempotency-key': thrown.key } }),
  });
}

/** What was promised, or a problem that says what is wrong. */
function assertClear(operation: Operation, reply: ApiReply): void {
  const shown = `${operation.id}: ${String(reply.status)} ${JSON.stringify(reply.body)}`;
  assert.ok(reply.status < 500, shown);
  const promised = operation.answers[reply.status];
  if (reply.status < 400) {
    assert.ok(promised?.body.safeParse(reply.body).success === true, shown);
    return;
  }
  assert.equal(reply.headers['content-type'], 'application/problem+json', shown);
  const { type, title, status, instance, code } = reply.body;
  assert.ok(Object.hasOwn(problemTypes, String(code)), shown);
  assert.equal(status, reply.status, shown);
  for (const text of [type, title, instance]) assert.equal(typeof text, 'string', shown);
}
