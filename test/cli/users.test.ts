/** `sallyport user …`: administration without the web. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { installation, type Installation } from '../support/command.ts';

const password = { stdin: 'correct horse 7 battery\nanother line\n' };

const done = (sentence: string) => ({ code: 0, stdout: `${sentence}\n`, stderr: '' });
const failed = (sentence: string) => ({ code: 1, stdout: '', stderr: `${sentence}\n` });

describe('users', () => {
  let at: Installation;
  before(() => {
    at = installation();
  });
  after(() => at.remove());

  test('are none at first', async () => {
    assert.deepEqual(
      await at.run('user list'),
      done('There are no users yet. Make one: sallyport user add NAME --config FILE'),
    );
  });

  test('are made with the first line of standard input as password', async () => {
    assert.deepEqual(
      await at.run(
        'user add anna --email anna@corp.example --groups ADMINS,STAFF --password-stdin',
        password,
      ),
      done('User anna was made (ADMINS, STAFF).'),
    );
    assert.deepEqual(
      await at.run('user add robot --service --groups BATCH'),
      done('Service account robot was made (BATCH).'),
    );
  });

  test('have names of their own', async () => {
    assert.deepEqual(
      await at.run('user add anna --password-stdin', password),
      failed('There is an account named anna already.'),
    );
  });

  test('have passwords that are not guessed first', async () => {
    const { code, stdout, stderr } = await at.run('user add ben --password-stdin', {
      stdin: 'password1234\n',
    });
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.match(stderr, /^[A-Z].*\.\n$/);
    assert.deepEqual(
      await at.run('user add ben --password-stdin'),
      failed('There was no password on standard input. Nothing was changed.'),
    );
  });

  test('are listed as a table', async () => {
    assert.deepEqual(
      await at.run('user list'),
      done(
        [
          'NAME   KIND     STATUS   ENROLLED  CODES LEFT  GROUPS',
          'anna   user     enabled  nothing   0           ADMINS, STAFF',
          'robot  service  enabled  nothing   0           BATCH',
        ].join('\n'),
      ),
    );
  });

  test('are listed for programs', async () => {
    const { code, stdout } = await at.run('user list --json');
    const users = JSON.parse(stdout) as readonly Readonly<Record<string, unknown>>[];
    assert.equal(code, 0);
    assert.deepEqual(
      users.map(({ username, email, kind, groups, disabled, enrolled }) => ({
        username,
        email,
        kind,
        groups,
        disabled,
        enrolled,
      })),
      [
        {
          username: 'anna',
          email: 'anna@corp.example',
          kind: 'user',
          groups: ['ADMINS', 'STAFF'],
          disabled: false,
          enrolled: [],
        },
        {
          username: 'robot',
          email: null,
          kind: 'service',
          groups: ['BATCH'],
          disabled: false,
          enrolled: [],
        },
      ],
    );
    assert.doesNotMatch(stdout, /argon2|password/i);
  });

  test('are given other passwords and groups', async () => {
    assert.deepEqual(
      await at.run('user set-password anna --password-stdin', { stdin: 'another horse 8 staple' }),
      done('anna has another password; all of their sessions were ended.'),
    );
    assert.deepEqual(await at.run('user set-groups anna SEC-OPS'), done('anna is in SEC-OPS.'));
    assert.deepEqual(await at.run('user set-groups anna '), done('anna is in no group.'));
  });

  test('are disabled and enabled', async () => {
    assert.deepEqual(
      await at.run('user disable anna'),
      done('anna is disabled; all of their sessions were ended.'),
    );
    assert.match((await at.run('user list')).stdout, /anna +user +disabled/);
    assert.deepEqual(await at.run('user enable anna'), done('anna is enabled.'));
  });

  test('are reset in an emergency, with a reason and a ticket', async () => {
    assert.deepEqual(
      await at.run('user reset-mfa anna --reason lost-phone --ticket OPS-1'),
      done(
        'Everything that anna had enrolled was removed, and all of their sessions were ended. ' +
          'They enroll anew at the next sign-in.',
      ),
    );
    const { stdout } = await at.run('audit export');
    const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
    assert.equal(last['type'], 'reset.executed');
    assert.equal(last['severity'], 'high');
    assert.deepEqual(last['actor'], 'cli');
  });

  test('that do not exist are named', async () => {
    for (const line of [
      'disable zoe',
      'enable zoe',
      'set-groups zoe a',
      'reset-mfa zoe --reason r --ticket t',
    ]) {
      assert.deepEqual(await at.run(`user ${line}`), failed('There is no account named "zoe".'));
    }
  });

  test('are not touched while the configuration is wrong', async () => {
    const { code, stderr } = await at.run('user list', {
      environment: { SALLYPORT_SERVER__PUBLIC_URL: 'http://console.example.com' },
    });
    assert.equal(code, 1);
    assert.match(stderr, /^SALLYPORT_SERVER__PUBLIC_URL:1:1: server\.publicUrl: passwords would/);
  });
});
