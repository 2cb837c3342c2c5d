/**
 * What people install: the package is packed, installed into an empty folder, and its command and
 * its middleware are used from there, on JavaScript alone.
 */

import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { enrollAtSignIn } from '../support/http-verbs.ts';
import { freePort } from '../support/listening.ts';
import { run, start } from '../support/run.ts';
import { projectFolder } from '../support/source-files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { WebClient } from '../support/web-client.ts';

describe('the installed package', () => {
  const folder = temporaryFolder();
  const command = path.join(folder.path, 'node_modules/.bin/sallyport');
  const installed = path.join(folder.path, 'node_modules/sallyport');

  before(async () => {
    const packed = await run('npm', ['pack', '--pack-destination', folder.path], {
      cwd: projectFolder,
    });
    assert.equal(packed.code, 0, packed.stderr);
    const [tarball = ''] = globSync('*.tgz', { cwd: folder.path });
    writeFileSync(path.join(folder.path, 'package.json'), emptyProject);
    writeFileSync(path.join(folder.path, 'package-lock.json'), ownVersions());
    const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`];
    const done = await run('npm', install, { cwd: folder.path });
    assert.equal(done.code, 0, done.stderr);
  });

  after(() => folder.remove());

  test('carries what runs and what an operator copies, and nothing else', () => {
    const names = globSync('**/*', { cwd: installed }).filter(
      (name) => !name.includes('node_modules'),
    );

    for (const name of [
      'dist/main.js',
      'dist/middleware.d.ts',
      'config/sallyport.example.yaml',
      'LICENSE',
    ]) {
      assert.ok(existsSync(path.join(installed, name)), name);
    }
    assert.deepEqual(
      names.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts')),
      [],
    );
    assert.deepEqual(
      names.filter((name) => /^(test|src|docs)\b/.test(name)),
      [],
    );
  });

  test('brings what it needs to run, and no tool of its makers', () => {
    const names = ['express', 'pino', 'typescript', 'playwright-core', 'oxlint'];
    const found = names.filter((name) => existsSync(path.join(folder.path, 'node_modules', name)));

    assert.deepEqual(found, ['express', 'pino']);
  });

  test('answers --help and --version', async () => {
    const help = await run(command, ['--help']);
    const version = await run(command, ['--version']);

    assert.equal(help.code, 0, help.stderr);
    assert.match(help.stdout, /serve[^]*config[^]*explain[^]*user[^]*audit/);
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  });

  test('checks its own demonstration configuration', async () => {
    const file = path.join(installed, 'config/demo.yaml');
    const checked = await run(command, ['config', 'check', '--config', file]);

    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  });

  test('runs the demonstration and lets somebody sign in', async () => {
    const demo = start(command, ['demo', '--port', '0', '--json'], { cwd: folder.path });
    try {
      const [line] = await demo.says(/^\{"url".*\}$/m);
      const { url, users } = JSON.parse(line) as {
        readonly url: string;
        readonly users: readonly { readonly username: string; readonly password: string }[];
      };
      const [anna] = users;
      assert.ok(anna);
      const client = new WebClient(url);
      const form = await client.open('/console/users/7');
      const stylesheet = /<link[^>]*href="([^"]+\.css[^"]*)"/.exec(form.body)?.[1] ?? '';
      const style = await client.visit(stylesheet);
      const landed = await client.submit(form, { ...anna });

      assert.equal(form.url.pathname, '/_mfa/sign-in');
      assert.equal(style.status, 200);
      assert.equal(landed.url.pathname, '/_mfa/enroll');
    } finally {
      const ended = await demo.stop();
      assert.equal(ended.code, 0, ended.stderr);
    }
  });

  test('guards an Express application of somebody else', async () => {
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const configuration = path.join(folder.path, 'sallyport.yaml');
    writeFileSync(configuration, configurationOf(origin));
    writeFileSync(path.join(folder.path, 'server.js'), application);
    const add = ['user', 'add', 'anna', '--config', configuration, '--password-stdin'];
    const added = await run(command, add, { input: 'fig-lantern-otter-77\n' });
    assert.equal(added.code, 0, added.stderr);

    const server = start('node', ['server.js', String(port)], { cwd: folder.path });
    try {
      await server.says(/ready/);
      const clock = { now: () => Date.now(), advance: () => undefined };
      const call = await new WebClient(origin).call('/hello', {
        headers: { 'remote-user': 'root' },
      });
      const { landed } = await enrollAtSignIn(new WebClient(origin), {
        target: '/hello?a=b',
        username: 'anna',
        password: 'fig-lantern-otter-77',
        clock,
      });

      assert.equal(call.status, 401);
      assert.equal(landed.url.href, `${origin}/hello?a=b`);
      assert.deepEqual(JSON.parse(landed.body), { user: 'anna', query: { a: 'b' } });
    } finally {
      const ended = await server.stop();
      assert.equal(ended.code, 0, ended.stderr);
    }
  });
});

const emptyProject = '{ "private": true, "type": "module" }\n';

/**
 * The versions that this checkout has: npm finds them in its cache and asks no registry. What the
 * package does not depend on is not installed.
 */
function ownVersions(): string {
  const text = readFileSync(path.join(projectFolder, 'package-lock.json'), 'utf8');
  const lock = JSON.parse(text) as { readonly packages: Readonly<Record<string, unknown>> };
  return JSON.stringify({ lockfileVersion: 3, packages: { ...lock.packages, '': {} } });
}

/** Routes without an upstream: the application itself is behind the gate. */
function configurationOf(origin: string): string {
  return JSON.stringify({
    server: { publicUrl: origin },
    policy: { file: './node_modules/sallyport/config/mfa-policy.yaml' },
    routes: [{ name: 'application', path: '/**', rules: [{ requires: { level: 2 } }] }],
  });
}

const application = `
import { createServer } from 'node:http';
import express from 'express';
import { sallyport } from 'sallyport';

const gate = await sallyport('sallyport.yaml');
const app = express();
app.use(gate.handler);
app.get('/hello', (req, res) => {
  res.json({ user: req.headers['remote-user'] ?? null, query: req.query });
});
const server = createServer(app);
server.on('upgrade', gate.upgrade((req, socket) => socket.destroy()));
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready'));
process.on('SIGTERM', async () => {
  server.close();
  server.closeAllConnections();
  await gate.close();
});
`;
