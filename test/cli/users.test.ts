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
      await at.run('user add robot --service --groups BATCH --networks zone-e'),
      done('Service account robot was made (BATCH; from zone-e only).'),
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
          'NAME   KIND     STATUS   TENANT   ENROLLED  CODES LEFT  GROUPS         NETWORKS',
          'anna   user     enabled  default  nothing   0           ADMINS, STAFF  -',
          'robot  service  enabled  default  nothing   0           BATCH          zone-e',
        ].join('\n'),
      ),
    );
  });

  test('are listed for programs', async () => {
    const { code, stdout } = await at.run('user list --json');
    const users = JSON.parse(stdout) as readonly Readonly<Record<string, unknown>>[];
    assert.equal(code, 0);
    assert.deepEqual(
      users.map(({ username, email, kind, groups, networks, disabled, enrolled }) => ({
        username,
        email,
        kind,
        groups,
        networks,
        disabled,
        enrolled,
      })),
      [
        {
          username: 'anna',
          email: 'anna@corp.example',
          kind: 'user',
          groups: ['ADMINS', 'STAFF'],
          networks: [],
          disabled: false,
          enrolled: [],
        },
        {
          username: 'robot',
          email: null,
          kind: 'service',
          groups: ['BATCH'],
          networks: ['zone-e'],
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

  test('that are services come from declared networks only', async () => {
    const choice = 'The configuration declares zone-e.';
    assert.deepEqual(
      await at.run('user add nightly --service'),
      failed(`A service account is bound to at least one network (--networks a,b). ${choice}`),
    );
    assert.deepEqual(
      await at.run('user add nightly --service --networks zone-e,office'),
      failed(`There is no network named "office". ${choice}`),
    );
    assert.deepEqual(
      await at.run('user set-networks robot zone-e'),
      done('robot may come from zone-e only.'),
    );
    assert.deepEqual(
      await at.run('user set-networks robot office'),
      failed(`There is no network named "office". ${choice}`),
    );
    assert.deepEqual(
      await at.run('user set-networks anna zone-e'),
      failed('anna is a person; only service accounts are bound to networks.'),
    );
  });

  test('belong to a tenant that exists', async () => {
    assert.deepEqual(
      await at.run('user add cleo --tenant acme --password-stdin', password),
      failed('There is no tenant named "acme"; "sallyport tenant add" makes one.'),
    );
    assert.deepEqual(await at.run('tenant add acme'), done('Tenant acme was made.'));
    assert.equal((await at.run('user add cleo --tenant acme --password-stdin', password)).code, 0);
    assert.match((await at.run('user list')).stdout, /cleo +user +enabled +acme/);
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
    assert.deepEqual(await at.run('user reset-mfa anna --reason lost-phone --ticket OPS-1'), {
      code: 0,
      stdout:
        'Everything that anna had enrolled was removed, and all of their sessions were ended. ' +
        'They enroll anew at the next sign-in, by their password: if somebody else may know it, set ' +
        'another one now (user set-password).\n',
      stderr:
        'BREAK-GLASS: the MFA policy asks for approval and identity-proofing before a reset. ' +
        'This reset went without; the audit trail says so.\n',
    });
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
      'set-networks zoe zone-e',
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
