/** `sallyport tenant …`: what a tenant demands, and until when people have grace. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { installation, type Installation } from '../support/command.ts';

const done = (sentence: string) => ({ code: 0, stdout: `${sentence}\n`, stderr: '' });
const failed = (sentence: string) => ({ code: 1, stdout: '', stderr: `${sentence}\n` });

describe('tenants', () => {
  let at: Installation;
  before(() => {
    at = installation();
  });
  after(() => at.remove());

  test('are one at first, which demands nothing', async () => {
    const { code, stdout } = await at.run('tenant list');

    assert.equal(code, 0);
    assert.match(
      stdout,
      /^NAME +TITLE +MFA +GRACE DAYS +GRACE UNTIL\ndefault +\S+ +not required +0 +-\n$/,
    );
  });

  test('are made by a name of their own', async () => {
    assert.deepEqual(await at.run('tenant add acme --title ACME'), done('Tenant acme was made.'));
    assert.deepEqual(
      await at.run('tenant add acme'),
      failed('There is a tenant named acme already.'),
    );
    assert.deepEqual(
      await at.run('tenant add Acme'),
      failed('A tenant has 1 to 64 lower-case letters, digits and hyphens.'),
    );
  });

  test('demand a second factor after some days, and are listed with the last of them', async () => {
    const { code, stdout } = await at.run('tenant set acme --mfa-required yes --grace-days 14');
    const instant = /from everybody on (\S+Z)\.\n$/.exec(stdout)?.[1];
    assert.equal(code, 0);
    assert.ok(instant !== undefined, stdout);

    const { stdout: json } = await at.run('tenant list --json');
    const [acme] = JSON.parse(json) as readonly Readonly<Record<string, unknown>>[];
    assert.deepEqual(
      { ...acme, required_since: null },
      {
        id: 'acme',
        title: 'ACME',
        mfa_required: true,
        mfa_grace_period_days: 14,
        required_since: null,
        grace_ends_at: instant,
      },
    );
  });

  test('open no grace again that has ended', async () => {
    const ended =
      /^acme demands a second factor; nobody has grace any more\. It ended on \S+Z\.\n$/;

    assert.match((await at.run('tenant set acme --grace-days 0')).stdout, ended);
    assert.match((await at.run('tenant set acme --grace-days 30')).stdout, ended);
    assert.deepEqual(
      await at.run('tenant set acme --mfa-required no'),
      done('acme demands no second factor.'),
    );
    assert.match((await at.run('tenant set acme --mfa-required yes')).stdout, ended);
  });

  test('that do not exist, and periods that are none, are refused', async () => {
    assert.deepEqual(
      await at.run('tenant set zoo --mfa-required yes'),
      failed('There is no tenant named "zoo"; "sallyport tenant add" makes one.'),
    );
    assert.deepEqual(
      await at.run('tenant set acme --grace-days 366'),
      failed('A grace period has 0 to 365 whole days.'),
    );
  });

  test('are audited, each change with what was before', async () => {
    const { stdout } = await at.run('audit export');
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; severity: string; tenant: string });

    assert.deepEqual(
      events.map(({ type, severity, tenant }) => `${type} ${severity} ${tenant}`),
      [
        'tenant.created notice acme',
        'settings.changed notice acme',
        'settings.changed notice acme',
        'settings.changed notice acme',
        'settings.changed warning acme',
        'settings.changed notice acme',
      ],
    );
  });
});
