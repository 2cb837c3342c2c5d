/** `sallyport serve` as a process: it listens, reloads on SIGHUP, drains on SIGTERM. */

import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { installation, type Installation } from '../support/command.ts';
import { run, start, type Running } from '../support/run.ts';

const main = path.join(import.meta.dirname, '../../src/main.ts');

const config = (idle: string) => `server:
  listen: 127.0.0.1:0
  publicUrl: http://localhost:8080
  management: 127.0.0.1:0
sessions: { idle: ${idle} }
`;

describe('serve', () => {
  let at: Installation;
  let running: Running | null;

  beforeEach(() => {
    at = installation(config('30m'));
    running = null;
  });
  afterEach(async () => {
    await running?.stop('SIGKILL');
    at.remove();
  });

  /** Starts it and waits for the line that says where it listens. */
  async function serving(): Promise<{ readonly url: string; readonly management: string }> {
    running = start('node', [main, 'serve', '--config', at.configFile]);
    const [line] = await running.says(/\{.*"msg":"listening".*\}/);
    return JSON.parse(line) as { readonly url: string; readonly management: string };
  }

  test('says where it listens, in one line of JSON, and answers there', async () => {
    const { url, management } = await serving();
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await fetch(`${url}/nothing`)).status, 404);
    assert.equal((await fetch(`${management}/readyz`)).status, 200);
  });

  test('makes the encryption key at its first start, for itself alone', async () => {
    await serving();
    const { mode, size } = statSync(path.join(at.folder, 'data/encryption.key'));
    assert.deepEqual([mode & 0o777, size], [0o600, 32]);
  });

  test('drains on SIGTERM and ends well', async () => {
    await serving();
    const ended = await running?.stop('SIGTERM');
    assert.equal(ended?.code, 0);
    assert.match(ended?.stdout ?? '', /"msg":"draining"[\s\S]*"msg":"stopped"/);
  });

  test('puts a new configuration in force on SIGHUP, and keeps the old one when that is wrong', async () => {
    const { url } = await serving();
    writeFileSync(at.configFile, config('forever'));
    running?.process.kill('SIGHUP');
    const [refusal] =
      (await running?.says(/\{.*"the new configuration is wrong; the old one stays in force"\}/)) ??
      [];
    assert.match(refusal ?? '', /sallyport\.yaml:5:19: sessions\.idle: write a duration/);
    assert.equal((await fetch(`${url}/nothing`)).status, 404);

    writeFileSync(at.configFile, config('5m').replace('127.0.0.1:0\n  pub', '127.0.0.1:1\n  pub'));
    running?.process.kill('SIGHUP');
    await running?.says(/"the new configuration is in force"/);
    await running?.says(
      /"keys":\["server\.listen"\],"msg":"these changes take effect at the next start only"/,
    );
    assert.equal((await fetch(`${url}/nothing`)).status, 404);
  });

  test('writes into the audit trail by which configuration it goes', async () => {
    const { url } = await serving();
    assert.equal((await fetch(`${url}/nothing`)).status, 404);
    writeFileSync(at.configFile, config('forever'));
    running?.process.kill('SIGHUP');
    await running?.says(/"the new configuration is wrong/);
    const changed = `${config('5m')}mail: { smtp: "smtps://a:hunter2@localhost", from: a@corp.example }\n`;
    writeFileSync(at.configFile, changed);
    running?.process.kill('SIGHUP');
    await running?.says(/"the new configuration is in force"/);
    await running?.stop('SIGTERM');

    const { stdout } = await at.run('audit export --type settings.changed');
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { actor: string; details: Record<string, unknown> });
    assert.deepEqual(
      events.map(({ actor, details: { fingerprint, ...details } }) => {
        assert.match(String(fingerprint), /^[0-9a-f]{64}$/);
        return { actor, ...details };
      }),
      [
        { actor: 'system', what: 'configuration', how: 'start', file: at.configFile },
        {
          actor: 'system',
          what: 'configuration',
          how: 'reload',
          file: at.configFile,
          changed: ['sessions', 'mail'],
          needsRestart: [],
        },
      ],
    );
    assert.notEqual(events[0]?.details['fingerprint'], events[1]?.details['fingerprint']);
    assert.doesNotMatch(stdout, /hunter2/);
  });

  test('does not start with a configuration that is wrong', async () => {
    writeFileSync(at.configFile, config('forever'));
    const ended = await run('node', [main, 'serve', '--config', at.configFile]);
    assert.deepEqual(ended, {
      code: 1,
      stdout: '',
      stderr: `${at.configFile}:5:19: sessions.idle: write a duration such as 30s, 10m, 12h or 30d\n`,
    });
  });

  test('does not start where another one listens', async () => {
    const { url } = await serving();
    const { port } = new URL(url);
    const other = await run('node', [main, 'serve', '--config', at.configFile, '--port', port]);
    assert.equal(other.code, 1);
    assert.equal(
      other.stderr,
      `sallyport serve: something listens on 127.0.0.1 port ${port} already; take another port\n`,
    );
  });

  test('does not start with a database of places that is damaged', async () => {
    const damaged = `${config('30m')}policy: { risk: { geoDatabase: places.mmdb } }\n`;
    writeFileSync(at.configFile, damaged);
    writeFileSync(path.join(at.folder, 'places.mmdb'), 'not a database');
    const ended = await run('node', [main, 'serve', '--config', at.configFile]);
    assert.equal(ended.code, 1);
    assert.match(
      ended.stderr,
      /^.*sallyport\.yaml:\d+:\d+: policy\.risk\.geoDatabase: .*cannot be read/m,
    );
  });

  test('does not start with a key that is not one (F37)', async () => {
    await serving();
    await running?.stop();
    writeFileSync(path.join(at.folder, 'data/encryption.key'), 'too short');
    const ended = await run('node', [main, 'serve', '--config', at.configFile]);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /^sallyport serve: .*encryption\.key/m);
  });
});
