/** `sallyport evidence`: what it prints, what it writes, and what it leaves when it is stopped. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { tools } from '../../src/cli/tools.ts';
import type { FlowContext } from '../../src/flows/flow-context.ts';
import { withBrokenStores } from '../support/broken-stores.ts';
import { installation, type Installation } from '../support/command.ts';
import { projectFolder } from '../support/source-files.ts';

let at: Installation;
before(() => {
  at = installation();
});
after(() => at.remove());

const today = (): string => new Date().toISOString().slice(0, 10);

/** The tools, with flows over which something is broken. */
function brokenTools(broken: (flows: FlowContext) => FlowContext): typeof tools {
  return {
    ...tools,
    async openForEvidence(config) {
      const opened = await tools.openForEvidence(config);
      return { ...opened, close: () => opened.close(), flows: broken(opened.flows) };
    },
  };
}

describe('evidence', () => {
  test('says what came of each verification and where it is written', async () => {
    const out = path.join(at.folder, 'out/deep');
    const { code, stdout, stderr } = await at.run(`evidence --out ${out}`);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    assert.deepEqual(lines.slice(0, 6), [
      'V1  passed  A TIER0 user cannot obtain tokens until enrolled, and is led to enrollment at sign-in.',
      'V2  passed  WebAuthn works for TIER0.',
      'V3  passed  TOTP works for TIER1 and above, and wrong codes are refused.',
      'V4  passed  Recovery codes are generated, single-use, and their use is logged.',
      'V5  passed  A reset needs approval, and is logged with the severity of the policy.',
      'V6  passed  No MFA secret or recovery code stands in logs, audit or exports.',
    ]);
    assert.match(lines[6] ?? '', /^\d+ checks passed, 0 failed, \d+ were not applicable\.$/);
    assert.deepEqual(
      lines.slice(7),
      [
        `evidence-${today()}.html`,
        `evidence-${today()}.json`,
        'controls.html',
        'controls.md',
        'operator-checklist.md',
      ].map((name) => `Written: ${path.join(out, name)}`),
    );
    const document = JSON.parse(
      readFileSync(path.join(out, `evidence-${today()}.json`), 'utf8'),
    ) as Readonly<Record<string, unknown>>;
    assert.equal(document['by'], 'cli');
    assert.equal(document['outcome'], 'passed');
    const html = readFileSync(path.join(out, `evidence-${today()}.html`), 'utf8');
    assert.match(html, /^<!doctype html>[^]*<\/html>\s*$/);
    assert.doesNotMatch(html, /<(?:script|link|img)\b/);
  });

  test('writes beside an earlier report of the same day, never over it, and exits 3 for what failed', async () => {
    const out = path.join(at.folder, 'broken');
    mkdirSync(out);
    writeFileSync(path.join(out, `evidence-${today()}.json`), 'of this morning');
    const { code, stdout, stderr } = await at.run(`evidence --out ${out}`, {
      tools: brokenTools((flows) =>
        withBrokenStores(flows, ({ recoveryCodes }) => ({
          recoveryCodes: { ...recoveryCodes, consume: () => Promise.resolve(true) },
        })),
      ),
    });
    assert.deepEqual({ code, stderr }, { code: 3, stderr: '' });
    assert.match(stdout, /^V4 {2}FAILED {2}Recovery codes/m);
    assert.match(stdout, /^V4\.3 {2}A code stands in for the second factor, and works once\.$/m);
    assert.match(stdout, /^ {6}seen: {5}First accepted, then accepted\.$/m);
    assert.equal(
      readFileSync(path.join(out, `evidence-${today()}.json`), 'utf8'),
      'of this morning',
    );
    assert.ok(readdirSync(out).includes(`evidence-${today()}-2.html`));
    assert.ok(readdirSync(out).includes(`evidence-${today()}-2.json`));
  });

  test('leaves a trail that is whole, and nobody behind', async () => {
    assert.match((await at.run('audit verify')).stdout, /^The audit chain is whole/);
    assert.doesNotMatch((await at.run('user list')).stdout, /evidence-/);
    assert.doesNotMatch((await at.run('tenant list')).stdout, /evidence-/);
    const { stdout } = await at.run('audit export --format jsonl');
    const own = stdout.split('\n').filter((line) => line.includes('"evidence":"evd_'));
    assert.ok(own.length > 100);
  });

  test('that is typed without a folder says so', async () => {
    const { code, stderr } = await at.run('evidence');
    assert.equal(code, 2);
    assert.equal(
      stderr,
      'sallyport evidence: where to? There is no --out; type: sallyport evidence --config FILE --out DIR\n',
    );
  });

  test('that cannot write tries nothing', async () => {
    const file = path.join(at.folder, 'a-file');
    writeFileSync(file, '');
    const { code, stderr } = await at.run(`evidence --out ${file}`, {
      tools: { ...tools, openForEvidence: () => assert.fail('the database was opened') },
    });
    assert.equal(code, 1);
    assert.match(stderr, /^sallyport evidence: EEXIST/);
  });

  test('that is told to stop clears away first', async () => {
    const own = installation();
    const main = path.join(projectFolder, 'src/main.ts');
    const out = path.join(own.folder, 'out');
    const child = spawn(process.execPath, [
      main,
      'evidence',
      '--config',
      own.configFile,
      '--out',
      out,
    ]);
    const file = path.join(own.folder, 'data/sallyport.db');
    const people = (): number => {
      const database = new DatabaseSync(file, { readOnly: true });
      try {
        const row = database.prepare('SELECT count(*) AS people FROM users').get();
        return Number(row?.['people']);
      } catch {
        return 0;
      } finally {
        database.close();
      }
    };
    let complaints = '';
    child.stderr.on('data', (piece: Buffer) => {
      complaints += piece.toString();
    });
    const ended = once(child, 'exit');
    for (let isThere = false; !isThere;) {
      await pause(20);
      try {
        isThere = people() > 0;
      } catch {
        // The database is not there yet.
      }
    }
    child.kill('SIGTERM');
    const [code] = (await ended) as [number];
    assert.equal(code, 1, complaints);
    assert.equal(
      complaints,
      'The run was told to end. What it made is removed, and there is no report.\n',
    );
    assert.equal(people(), 0);
    assert.deepEqual(readdirSync(out), []);
    own.remove();
  });
});
