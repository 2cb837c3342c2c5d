/** The document of the API: valid by the meta-schema, whole, and true to its own examples. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { guideOf } from '../../../../src/web/api/guide.ts';
import type { JsonObject } from '../../../../src/web/api/openapi.ts';
import { operations } from '../../../../src/web/api/operations.ts';
import { apiDocument, validatorAt, valueAt } from '../../../support/api-document.ts';

/** Every value under a name, wherever it stands. */
function valuesNamed(name: string, within: unknown): readonly unknown[] {
  if (typeof within !== 'object' || within === null) return [];
  return Object.entries(within).flatMap(([key, value]: [string, unknown]) => [
    ...(key === name ? [value] : []),
    ...valuesNamed(name, value),
  ]);
}

const placeOf = (operation: { readonly path: string; readonly method: string }): string =>
  `/paths/${operation.path.replaceAll('/', '~1')}/${operation.method.toLowerCase()}`;

describe('the OpenAPI document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const answer = await validator.validate(structuredClone(apiDocument));
    assert.deepEqual(answer, { valid: true });
    assert.equal(validator.version, '3.1');
  });

  test('has every operation of the table, and no other', () => {
    const documented = Object.entries(apiDocument['paths'] as JsonObject).flatMap(
      ([path, methods]) =>
        Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const rows = operations.map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(documented.toSorted(), rows.toSorted());
  });

  test('points to nothing that is not there', () => {
    for (const pointer of valuesNamed('$ref', apiDocument)) {
      assert.ok(String(pointer).startsWith('#/'), String(pointer));
      assert.ok(valueAt(String(pointer).slice(1)) !== undefined, String(pointer));
    }
  });

  test('gives examples that fit their schemas', () => {
    let checked = 0;
    for (const operation of operations) {
      const content = `${placeOf(operation)}/requestBody/content/application~1json`;
      const examples = (valueAt(`${content}/examples`) ?? {}) as Record<string, { value: unknown }>;
      for (const [name, { value }] of Object.entries(examples)) {
        const validate = validatorAt(`${content}/schema`) ?? assert.fail(operation.id);
        assert.ok(validate(value), `${operation.id} ${name}: ${JSON.stringify(validate.errors)}`);
        const { error } = operation.body?.safeParse(value) ?? assert.fail(operation.id);
        assert.equal(error, undefined, `${operation.id} ${name}`);
        checked += 1;
      }
    }
    assert.ok(checked >= 5);
  });

  test('says of every operation who may call it, and of every refusal why', () => {
    for (const operation of operations) {
      const place = placeOf(operation);
      const isOpen = operation.who === 'anyone';
      assert.equal((valueAt(`${place}/security`) as unknown[]).length === 0, isOpen, operation.id);
      const responses = valueAt(`${place}/responses`) as Record<string, object>;
      const refusals = Object.keys(responses).filter((status) => status >= '400');
      assert.ok(refusals.includes('400') && refusals.includes('429') && refusals.includes('503'));
      for (const status of refusals) {
        assert.ok(
          'application/problem+json' in valueIn(responses[status], 'content'),
          operation.id,
        );
      }
      // A 401 without a challenge is none (RFC 9110 §15.5.2).
      if ('401' in responses) {
        assert.ok('WWW-Authenticate' in valueIn(responses['401'], 'headers'), operation.id);
      }
    }
  });

  test('can be read: every operation, every member and every answer', () => {
    const groups = guideOf(apiDocument);
    const all = groups.flatMap(({ operations: some }) => some);
    assert.equal(all.length, operations.length);
    const logIn = all.find(({ id }) => id === 'logIn') ?? assert.fail('no logIn');
    assert.deepEqual(
      logIn.body.map(({ name, isRequired }) => [name, isRequired]),
      [
        ['username', true],
        ['password', true],
        ['tenant_id', false],
        ['mfa_code', false],
        ['backup_code', false],
      ],
    );
    assert.equal(logIn.answers.length, 2);
    assert.ok(logIn.answers.every(({ fields }) => fields.length > 3));
    const keys = all.find(({ id }) => id === 'listApiKeys') ?? assert.fail('no listApiKeys');
    const names = (keys.answers[0]?.fields ?? []).map(({ name }) => name);
    assert.ok(names.includes('items[].user_id') && names.includes('next_cursor'));
    assert.equal(keys.permission, 'view');
  });
});

function valueIn(value: object | undefined, name: string): object {
  const inside = (value as Readonly<Record<string, object>> | undefined)?.[name];
  return inside ?? assert.fail(`no ${name}`);
}
