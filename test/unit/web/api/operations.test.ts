/** Laws over the table of the API. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { problemTypes } from '../../../../src/core/problem.ts';
import { isOfAdministration, type Operation } from '../../../../src/web/api/operation.ts';
import { matchOperation, operations } from '../../../../src/web/api/operations.ts';
import { problemsOf } from '../../../../src/web/api/problems.ts';

const named = ({ method, path }: Operation): string => `${method} ${path}`;

/** A path that the row answers. */
const example = ({ path }: Operation): string => path.replaceAll(/\{\w+\}/g, 'something');

const membersOf = ({ body }: Operation): readonly string[] => {
  if (body === null) return [];
  const schema = z.toJSONSchema(body, { io: 'input' }) as { properties?: object };
  return Object.keys(schema.properties ?? {});
};

describe('the table of the API', () => {
  test('has no two rows that answer one request, and an id for each', () => {
    for (const operation of operations) {
      const match = matchOperation(operation.method, example(operation));
      assert.equal(
        match.kind === 'operation' ? match.operation : null,
        operation,
        named(operation),
      );
    }
    assert.equal(new Set(operations.map(({ id }) => id)).size, operations.length);
  });

  test('answers HEAD where it answers GET, and names what else a path allows', () => {
    for (const operation of operations.filter(({ method }) => method === 'GET')) {
      assert.equal(matchOperation('HEAD', example(operation)).kind, 'operation');
    }
    assert.deepEqual(matchOperation('OPTIONS', '/mfa'), {
      kind: 'other-method',
      allowed: ['HEAD', 'GET', 'DELETE'],
    });
    assert.deepEqual(matchOperation('GET', '/auth/login'), {
      kind: 'other-method',
      allowed: ['POST'],
    });
  });

  test('knows paths exactly', () => {
    for (const path of [
      '',
      '/',
      '/mfa/',
      '/MFA',
      '/mfa/x/y',
      '//mfa',
      '/api-keys/',
      '/api-keys/a/b',
    ]) {
      assert.equal(matchOperation('GET', path).kind, 'none', path);
    }
  });

  test('hands over what stands for each name', () => {
    for (const operation of operations) {
      const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
      const match = matchOperation(operation.method, example(operation));
      assert.deepEqual(
        match.kind === 'operation' ? Object.keys(match.parameters) : null,
        names,
        named(operation),
      );
    }
  });

  test('lets anybody in only where somebody signs in', () => {
    const open = operations.filter(({ who }) => who === 'anyone').map(named);
    assert.deepEqual(open, ['POST /auth/login', 'POST /auth/mfa', 'POST /auth/token']);
  });

  test('opens to an enrollment token nothing but enrolling', () => {
    const open = operations.filter(({ who }) => who === 'enroller').map(named);
    assert.deepEqual(open, ['POST /mfa/setup', 'POST /mfa/verify']);
  });

  test('changes nothing by GET, and takes a key for every change of the administration', () => {
    for (const operation of operations) {
      const changes = operation.method !== 'GET';
      if (!changes) assert.equal(operation.body, null, named(operation));
      if (!isOfAdministration(operation.who)) continue;
      // Whoever may only look asks long questions by POST, and asks them again as they like.
      assert.equal(operation.isRepeatable, changes && operation.who !== 'view', named(operation));
    }
  });

  test('keeps no answer under a hash that a password or a code went into', () => {
    const secrets = /password|code|token|api_key/;
    for (const operation of operations.filter(({ isRepeatable }) => isRepeatable)) {
      const members = membersOf(operation).filter((member) => secrets.test(member));
      assert.deepEqual(members, [], named(operation));
    }
  });

  test('counts every call that takes a guess as one', () => {
    const guess = /^(?:password|code|mfa_code|backup_code|api_key)$/;
    for (const operation of operations) {
      const takesGuess = membersOf(operation).some((member) => guess.test(member));
      if (takesGuess) assert.equal(operation.limit, 'code', named(operation));
    }
  });

  test('lists problems that exist, each once', () => {
    for (const operation of operations) {
      const codes = problemsOf(operation);
      assert.equal(new Set(codes).size, codes.length);
      for (const code of codes) assert.ok(Object.hasOwn(problemTypes, code), code);
    }
  });

  test('refuses members that it does not know, in every body and query', () => {
    for (const { body, query, id } of operations) {
      for (const schema of [body, query].filter((one) => one !== null)) {
        const issues = schema.safeParse({ 'no-such-member': 1 }).error?.issues ?? [];
        assert.ok(
          issues.some(({ code }) => code === 'unrecognized_keys'),
          id,
        );
      }
    }
  });
});
