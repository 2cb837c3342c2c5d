/**
 * Holds answers of the API against its document: whatever a test calls, the status must be one that
 * the operation names, the body must fit its schema, and a problem must be one that it lists.
 */

import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { openApiDocument } from '../../src/web/api/openapi.ts';
import { matchOperation, operations } from '../../src/web/api/operations.ts';
import { aConfig } from './a-config.ts';

/** The document of an installation at https://console.example.com. */
export const apiDocument = openApiDocument(operations, aConfig());

const ajv = new Ajv2020({ strict: false, allErrors: true });
// The package says otherwise to TypeScript than it does to Node.
(addFormats as unknown as (to: Ajv2020) => void)(ajv);
ajv.addSchema(apiDocument, 'document');

const validators = new Map<string, ValidateFunction>();

/** The check of a schema that a pointer into the document leads to; null: nothing is there. */
export function validatorAt(pointer: string): ValidateFunction | null {
  const known = validators.get(pointer);
  if (known !== undefined) return known;
  if (valueAt(pointer) === undefined) return null;
  const validate = ajv.compile({ $ref: `document#${pointer}` });
  validators.set(pointer, validate);
  return validate;
}

/** What stands at a JSON Pointer of the document. */
export function valueAt(pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>(
      (value, part) => (value as Readonly<Record<string, unknown>> | undefined)?.[part],
      apiDocument,
    );
}

/** An answer, as far as the document speaks of it. */
export interface AnswerToHold {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: unknown;
}

/** Fails when the document does not say that the operation may be answered like this. */
export function assertDocumented(method: string, path: string, answer: AnswerToHold): void {
  const match = matchOperation(method, path.split('?', 1)[0] ?? '');
  if (match.kind !== 'operation') {
    assert.ok(answer.status === 404 || answer.status === 405 || answer.status === 429);
    assertFits('/components/schemas/Problem', answer.body);
    return;
  }
  const { operation } = match;
  const place = `/paths/${operation.path.replaceAll('/', '~1')}/${operation.method.toLowerCase()}`;
  const response = `${place}/responses/${String(answer.status)}`;
  const name = `${operation.id} ${String(answer.status)}`;
  assert.ok(valueAt(response) !== undefined, `${name} is not documented: ${show(answer.body)}`);
  const type = answer.status < 400 ? 'application/json' : 'application/problem+json';
  assert.equal(answer.contentType, type, name);
  assertFits(`${response}/content/${type.replaceAll('/', '~1')}/schema`, answer.body, name);
}

function assertFits(pointer: string, body: unknown, name = pointer): void {
  const validate = validatorAt(pointer) ?? assert.fail(`nothing at ${pointer}`);
  assert.ok(validate(body), `${name}: ${ajv.errorsText(validate.errors)}\n${show(body)}`);
}

function show(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
