/**
 * The house style, where a program can check it: who may import whom, what the core must not touch,
 * what every file says of itself, and that the documents and the code name the same things.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { auditEventTypes } from '../src/core/audit-event.ts';
import { reasons } from '../src/core/policy/reasons.ts';
import { problemTypes } from '../src/core/problem.ts';
import {
  fileNamed,
  filesMatching,
  importsOf,
  markdownTable,
  ownFilesNamedBy,
  projectFolder,
  type SourceFile,
} from './support/source-files.ts';

const sources = filesMatching('src/**/*.ts');
const tests = filesMatching('test/**/*.ts');
const architecture = fileNamed('docs/architecture.md');

/** Collects what is wrong, so that one run names everything. */
function assertNothing(faults: readonly string[], whatToDo: string): void {
  assert.ok(faults.length === 0, `${whatToDo}\n  ${faults.join('\n  ')}`);
}

describe('imports', () => {
  /** These put the program together. */
  const composers = new Set(['main.ts', 'compose.ts', 'app.ts', 'middleware.ts', 'cli']);
  const [head = [], ...rows] = markdownTable(architecture, 'importer');
  const columns = head.slice(1);

  /** The table's cell for an importer and the column that a file falls under. */
  function cellFor(importer: string, imported: string): string {
    const row = rows.find(([part]) => part === partOf(importer));
    const isTypes = /^src\/stores\/types(?:\.ts|\/)/.test(imported);
    const column = isTypes ? 'stores/types' : partOf(imported);
    const at = columns.indexOf(column === 'stores' ? 'stores/*' : column);
    return row?.[at + 1] ?? '';
  }

  function mayImport(importer: string, imported: string, isTypeOnly: boolean): boolean {
    const part = partOf(importer);
    if (composers.has(part)) return true;
    if (partOf(imported) === part && part !== 'methods') return true;
    const cell = cellFor(importer, imported);
    if (!cell.startsWith('✔')) return false;
    if (cell.includes('types')) return isTypeOnly;
    if (!cell.includes('method.ts') || imported === 'src/methods/method.ts') return true;
    const isRegistry = importer === 'src/methods/registry.ts';
    const isOwnFolder = path.posix.dirname(importer) === path.posix.dirname(imported);
    return cell.includes('own folder') && (isRegistry || isOwnFolder);
  }

  test('point down, as the table in docs/architecture.md says', () => {
    const faults = sources.flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier, isTypeOnly }) => ({
          imported: path.posix.join(path.posix.dirname(file.name), specifier),
          isTypeOnly,
        }))
        .filter(({ imported, isTypeOnly }) => !mayImport(file.name, imported, isTypeOnly))
        .map(({ imported }) => `${file.name} imports ${imported}`),
    );
    assertNothing(faults, 'Move the code to where it may be imported from, or pass it in:');
  });

  test('name each package in its one home', () => {
    const homes = markdownTable(architecture, 'package').slice(1);
    const homesOf = (name: string): readonly string[] | null => {
      const row = homes.find(([packages = '']) => packages.split(', ').includes(name));
      return row === undefined
        ? null
        : [...(row[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, home = '']) => home);
    };
    const faults = sources.flatMap((file) =>
      importsOf(file)
        .map(({ specifier }) => packageOf(specifier))
        .filter((name): name is string => name !== null)
        .filter(
          (name) => homesOf(name)?.some((home) => file.name.startsWith(`src/${home}`)) !== true,
        )
        .map(
          (name) =>
            `${file.name} imports ${name}, at home in ${homesOf(name)?.join(', ') ?? 'no place'}`,
        ),
    );
    assertNothing(faults, 'Use the package through the part that is its home:');
  });

  test('give every runtime dependency a home', () => {
    const { dependencies } = JSON.parse(fileNamed('package.json').text) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    const known = markdownTable(architecture, 'package').flatMap(([names = '']) =>
      names.split(', '),
    );
    // Types go with the package that they describe.
    const names = Object.keys(dependencies).filter((name) => !name.startsWith('@types/'));
    const faults = names.filter((name) => !known.includes(name));
    assertNothing(faults, 'Add a row to the package table in docs/architecture.md:');
  });

  test('are static, relative and end in .ts', () => {
    const faults = [...sources, ...tests].flatMap((file) => [
      ...importsOf(file)
        .filter(({ specifier }) => specifier.startsWith('.') && !specifier.endsWith('.ts'))
        .map(({ specifier }) => `${file.name}: ${specifier}`),
      ...matches(file, /\bawait import\(/),
    ]);
    assertNothing(faults, 'Write the import as a line at the top that ends in .ts:');
  });

  test('leave no file of src out of reach of a test', () => {
    const examples = filesMatching('examples/**/*.ts');
    const byName = new Map([...sources, ...examples, ...tests].map((file) => [file.name, file]));
    const reached = new Set<string>();
    const visit = (file: SourceFile): void => {
      if (reached.has(file.name)) return;
      reached.add(file.name);
      for (const name of ownFilesNamedBy(file)) {
        const next = byName.get(name);
        if (next !== undefined) visit(next);
      }
    };
    for (const file of tests) visit(file);
    const faults = sources.map(({ name }) => name).filter((name) => !reached.has(name));
    assertNothing(faults, 'Test these files or remove them:');
  });
});

describe('the core', () => {
  test('imports nothing that could read a clock, a socket, a store or a dice', () => {
    const pure = ['node:assert/strict', 'ipaddr.js', 'zod'];
    const faults = filesMatching('src/core/**/*.ts').flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => !specifier.startsWith('.') && !pure.includes(specifier))
        .map(({ specifier }) => `${file.name} imports ${specifier}`),
    );
    assertNothing(faults, 'Bring it in as a fact:');
  });

  test('touches no global that does input or output', () => {
    const faults = filesMatching('src/core/**/*.ts').flatMap((file) =>
      matches(file, /\b(process\.|console\.|fetch\(|setTimeout\(|setInterval\(|crypto\.)/),
    );
    assertNothing(faults, 'Bring it in as a fact:');
  });
});

describe('the source', () => {
  test('reads time and randomness in platform only', () => {
    const pattern = /\b(Date\.now\(|new Date\(\)|Math\.random\(|randomUUID\()/;
    const faults = sources
      .filter(({ name }) => !name.startsWith('src/platform/'))
      .flatMap((file) => matches(file, pattern));
    assertNothing(faults, 'Take a Clock or a Random:');
  });

  test('never decides by the text of an error', () => {
    const pattern =
      /\.message\s*(===|!==|\.(includes|startsWith|endsWith|match)\()|test\(\w+\.message\)/;
    assertNothing(
      sources.flatMap((file) => matches(file, pattern)),
      'Look at a code or a class:',
    );
  });

  test('opens every file with what it is for', () => {
    const faults = [...sources, ...tests, ...filesMatching('scripts/*.ts')]
      .filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text))
      .map(({ name }) => name);
    assertNothing(faults, 'Begin the file with a comment of one to five lines:');
  });

  test('says of every export what it is', () => {
    const faults = sources.flatMap((file) => exportsWithoutDocstring(file));
    assertNothing(faults, 'Write a docstring above it:');
  });

  test('names files in kebab-case and by what they do', () => {
    const faults = [...sources, ...tests]
      .map(({ name }) => name)
      .filter(
        (name) =>
          !/^[a-z0-9-]+(\.test)?\.ts$/.test(path.posix.basename(name)) ||
          /(^|[/-])(index|utils?|helpers?|common|misc|manager|service|base)\.ts$/.test(name),
      );
    assertNothing(faults, 'Rename after the one main thing in it:');
  });

  test('has no default export', () => {
    const faults = sources.flatMap((file) => matches(file, /^export default\b/));
    assertNothing(faults, 'Export it by its name:');
  });

  test('keeps a TODO only with its issue', () => {
    const faults = sources.flatMap((file) =>
      matches(file, /\b(TODO(?!\(#\d+\))|FIXME|HACK|XXX)\b/),
    );
    assertNothing(faults, 'Do it, or write TODO(#issue):');
  });
});

describe('the tests', () => {
  test('all run', () => {
    const pattern = /\b(test|describe|it|suite)\.(only|skip|todo)\b|\b(only|skip|todo): (true|')/;
    const faults = tests
      .filter(({ name }) => name !== 'test/tidy.test.ts')
      .flatMap((file) => matches(file, pattern));
    assertNothing(faults, 'Let it run or take it out:');
  });

  test('cite every guarantee of the threat model', () => {
    const guarantees = fileNamed('docs/threat-model.md').text.matchAll(/\*\*(G\d+)\*\*/g);
    const numbers = [...new Set([...guarantees].map(([, number = '']) => number))];
    assert.ok(numbers.length >= 13, 'docs/threat-model.md lists the guarantees as **G1** …');
    const faults = numbers.filter(
      (number) => !tests.some(({ text }) => new RegExp(`\\b${number}\\b`).test(text)),
    );
    assertNothing(faults, 'Name the guarantee in the test that holds it:');
  });

  test('name every reason and every problem code', () => {
    const codes = [...Object.keys(reasons), ...Object.keys(problemTypes)];
    const asked = tests.filter(({ name }) => name !== 'test/tidy.test.ts');
    const faults = codes.filter((code) => !asked.some(({ text }) => text.includes(`'${code}'`)));
    assertNothing([...new Set(faults)], 'Write a test that sees it happen:');
  });
});

describe('the documents', () => {
  const documents = filesMatching('*.md', 'docs/**/*.md', 'test/**/*.md');

  test('name every reason and every problem code', () => {
    const reference = filesMatching('docs/reference/*.md')
      .map(({ text }) => text)
      .join('\n');
    const codes = [...Object.keys(reasons), ...Object.keys(problemTypes)];
    const faults = codes.filter((code) => !reference.includes(`\`${code}\``));
    assertNothing(faults, 'Run `npm run docs`, or describe it under docs/reference/:');
  });

  test('name every audit event', () => {
    const contract = fileNamed('docs/contract.md').text;
    const faults = auditEventTypes.filter((type) => !contract.includes(`\`${type}\``));
    assertNothing(faults, 'Add it to section 10 of docs/contract.md:');
  });

  test('say of reasons and problems what the program says', () => {
    const check = spawnSync(process.execPath, ['scripts/docs.ts', '--check'], {
      cwd: projectFolder,
      encoding: 'utf8',
    });
    assert.equal(check.status, 0, check.stderr);
  });

  test('number the decision records without a gap, each with its five headings', () => {
    const records = filesMatching('docs/decisions/*.md');
    const headings = ['Status', 'Context', 'Decision', 'Consequences', 'Considered and rejected'];
    const faults = records.flatMap(({ name, text }, at) => {
      const number = String(at + 1).padStart(4, '0');
      const missing = headings.filter((heading) => !new RegExp(`^## ${heading}$`, 'm').test(text));
      return [
        ...(path.posix.basename(name).startsWith(`${number}-`) ? [] : [`${name}: not ${number}`]),
        ...missing.map((heading) => `${name}: no heading "${heading}"`),
      ];
    });
    assertNothing(faults, 'Follow docs/decisions/0001:');
  });

  test('link to files that exist', () => {
    const faults = documents.flatMap(({ name, text }) =>
      [...text.matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => !existsSync(path.join(projectFolder, path.dirname(name), target)))
        .map((target) => `${name}: ${target}`),
    );
    assertNothing(faults, 'Correct the link:');
  });
});

/** `src/methods/totp/totp.ts` → `methods`; a file directly in `src` is its own part. */
function partOf(name: string): string {
  return name.split('/')[1] ?? '';
}

/** `@scope/name/part` → `@scope/name`; null for our own files and for what Node brings along. */
function packageOf(specifier: string): string | null {
  if (specifier.startsWith('.')) return null;
  if (specifier.startsWith('node:')) return specifier === 'node:sqlite' ? specifier : null;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** The lines of code, comments apart, that a pattern matches. */
function matches(file: SourceFile, pattern: RegExp): readonly string[] {
  return file.text
    .split('\n')
    .map((line, at) => ({ line, place: `${file.name}:${at + 1}` }))
    .filter(({ line }) => !/^\s*(\/\/|\/?\*)/.test(line) && pattern.test(line))
    .map(({ line, place }) => `${place}: ${line.trim()}`);
}

/** Exports that neither have a docstring nor continue a group of exports that has one. */
function exportsWithoutDocstring(file: SourceFile): readonly string[] {
  const lines = file.text.split('\n');
  return lines
    .map((line, at) => ({ line, above: lines[at - 1] ?? '', place: `${file.name}:${at + 1}` }))
    .filter(({ line }) => /^export (?!\{|\*|type \{)/.test(line))
    .filter(({ above }) => !/\*\/$|^\/\/ prettier-ignore|^export |^[\])};]/.test(above))
    .map(({ line, place }) => `${place}: ${line}`);
}
