/** `sallyport demo`, as a person and as a program start it. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import { listening } from '../support/listening.ts';
import { run, start } from '../support/run.ts';
import { projectFolder } from '../support/source-files.ts';

const main = path.join(projectFolder, 'src/main.ts');
const demo = (...args: readonly string[]): readonly string[] => [main, 'demo', ...args];

interface Announcement {
  readonly url: string;
  readonly portal: string;
  readonly users: readonly {
    readonly username: string;
    readonly password: string;
    readonly tier: string;
  }[];
  readonly routes: readonly { readonly name: string; readonly url: string }[];
}

describe('sallyport demo', () => {
  test('tells a person what to open and who to be, and leaves nothing behind', async () => {
    const running = start('node', demo('--port', '0'));
    await running.says(/Press Ctrl\+C/);
    const { stdout } = running.output();
    const [, folder = ''] = /Configuration\s+(\S+)\/sallyport\.yaml/.exec(stdout) ?? [];
    const existed = existsSync(folder);
    const ended = await running.stop('SIGINT');

    assert.match(stdout, /Open +http:\/\/localhost:\d+\//);
    for (const [name, tier] of [
      ['anna', 'TIER0'],
      ['ben', 'TIER1'],
      ['chloe', 'TIER2'],
      ['dan', 'TIER3'],
    ]) {
      assert.match(stdout, new RegExp(`${name} +([a-z]+-){4}\\d{3} +${tier}`));
    }
    assert.deepEqual([existed, existsSync(folder)], [true, false]);
    assert.equal(ended.code, 0);
    assert.equal(ended.stderr, '');
  });

  test('tells a program in one line of JSON; everything else goes to standard error', async () => {
    const running = start('node', demo('--port', '0', '--json'));
    await running.says(/^\{"url".*\}\n/m);
    const told = JSON.parse(running.output().stdout) as Announcement;
    const home = await fetch(told.url);
    const guarded = await fetch(new URL('/console/users/7', told.url));
    const ended = await running.stop();

    assert.deepEqual(Object.keys(told), ['url', 'portal', 'users', 'routes', 'mailbox']);
    assert.equal(told.portal, `${told.url}/_mfa`);
    assert.deepEqual(
      told.users.map(({ username }) => username),
      ['anna', 'ben', 'chloe', 'dan'],
    );
    assert.deepEqual(
      told.routes.map(({ name }) => name),
      ['home', 'console', 'admin', 'models', 'mail'],
    );
    assert.deepEqual([home.status, guarded.status], [200, 401]);
    assert.equal(ended.code, 0);
    assert.equal(ended.stdout.split('\n').length, 2);
  });

  test('takes another port when the one asked for is taken, and says so', async () => {
    const other = createServer();
    const { port } = await listening(other);
    const running = start('node', demo('--port', String(port)));
    await running.says(/Press Ctrl\+C/);
    const { stdout } = await running.stop();
    other.close();

    assert.match(stdout, new RegExp(`Port ${port} is taken`));
    assert.doesNotMatch(stdout, new RegExp(`localhost:${port}/`));
  });

  test('does not run in production', async () => {
    const ended = await run('node', demo(), { env: { NODE_ENV: 'production' } });

    assert.equal(ended.code, 1);
    assert.equal(ended.stdout, '');
    assert.match(ended.stderr, /sallyport serve --config FILE/);
  });

  test('says what to type when it was typed wrongly', async () => {
    const ended = await run('node', demo('--port', 'http'));

    assert.equal(ended.code, 2);
    assert.match(ended.stderr, /^[^\n]*type: sallyport demo --port 8080\n$/);
  });
});
