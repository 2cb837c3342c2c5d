/** Laws of reading configurations: no text, however hostile, ends the program or hangs it. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { parseMfaPolicy } from '../../src/config/mfa-policy.ts';
import { readConfigValue } from '../../src/config/load.ts';
import { configSchema } from '../../src/config/schema.ts';
import { withEnvironment } from '../../src/config/source/environment.ts';
import { readYaml } from '../../src/config/source/yaml-source.ts';

const options = {
  environment: {},
  upstreams: 'required',
  port: null,
  shownAs: 'sallyport()',
  folder: new URL('../../config', import.meta.url).pathname,
} as const;

// prettier-ignore
const pieces = [
  '- ', ': ', '? ', '{', '}', '[', ']', '&a ', '*a', '!!set', '|\n', '>', '%YAML 1.1\n', '---\n',
  '...\n', '\n', '  ', '\t', '"', "'", '<<: ', '\0', '\ufeff', '~', '#', ',', '0x1', '1e999',
  'server', 'routes', 'publicUrl', 'networks', '__proto__', 'constructor',
];

/** Pieces that YAML gives a meaning, put together at random. */
const hostileYaml = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 5 })), {
    maxLength: 60,
  })
  .map((chosen) => chosen.join(''));

describe('reading YAML', () => {
  test('never throws, and places every fault inside the text', () => {
    fc.assert(
      fc.property(hostileYaml, (text) => {
        const { faults } = readYaml(text, 'f.yaml');
        const lines = text.split('\n').length;
        for (const { line, column } of faults) {
          assert.ok(line >= 1 && line <= lines + 1 && column >= 1);
        }
      }),
      { numRuns: 500 },
    );
  });

  const bombs = {
    'aliases of aliases': Array.from({ length: 9 }, (_, at) => {
      const items = Array(9).fill(at === 0 ? 'x' : `*a${at - 1}`);
      return `a${at}: &a${at} [${items.join(', ')}]`;
    }).join('\n'),
    'an alias of itself': 'a: &a [*a]\n',
    'brackets without end': '['.repeat(100_000),
    'keys without end': Array.from({ length: 60_000 }, (_, at) => `k${at}:`).join('\n'),
    'a file without end': 'x'.repeat(2_000_000),
  };
  for (const [name, text] of Object.entries(bombs)) {
    test(`survives ${name}`, () => {
      const { faults } = readYaml(text, 'f.yaml');
      assert.equal(faults.length, 1);
    });
  }
});

describe('reading a configuration', () => {
  test('answers every value with a configuration or with faults', () => {
    const keys = ['server', 'routes', 'networks', 'portal', 'policy', 'storage', 'name', 'path'];
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, 0, true, '', '/x/**', 'https://a.example', '10.0.0.0/8', '__proto__'),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(value, (written) => {
        const reading = readConfigValue(written, options);
        assert.ok(reading.ok || reading.faults.length > 0);
      }),
      { numRuns: 500 },
    );
  });

  test('answers every environment', () => {
    const names = fc
      .array(fc.constantFrom('SERVER', 'ROUTES', '0', 'NETWORKS', 'X', 'FILE', '', '_', 'DATABASE'))
      .map((parts) => `SALLYPORT_${parts.join('__')}`);
    fc.assert(
      fc.property(fc.dictionary(names, hostileYaml, { maxKeys: 4 }), (environment) => {
        const source = readYaml('server: {}\n', 'f.yaml');
        const laid = withEnvironment(source, environment, configSchema);
        assert.ok(laid.faults.every(({ file }) => file in environment));
      }),
      { numRuns: 300 },
    );
  });

  test('answers every policy file', () => {
    fc.assert(
      fc.property(hostileYaml, (text) => {
        const reading = parseMfaPolicy(text, 'p.yaml');
        assert.ok(reading.ok || reading.faults.length > 0);
      }),
      { numRuns: 300 },
    );
  });
});
