/** `sallyport explain`: what would happen to a request, why, and what would let it pass. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { tools } from '../../src/cli/tools.ts';
import { readConfig } from '../../src/config/load.ts';
import { idFrom } from '../../src/core/ids.ts';
import type { Authenticator } from '../../src/stores/types.ts';
import { aRoot } from '../support/attestation-certificates.ts';
import { installation, type Installation } from '../support/command.ts';
import { NOON } from '../support/fixed-clock.ts';

let at: Installation;

before(async () => {
  at = installation();
  const add = (line: string) =>
    at.run(`user add ${line} --password-stdin`, { stdin: 'correct horse 7 battery' });
  await add('anna --groups ADMINS');
  await add('ben --groups SEC-OPS');
  await enroll('ben');
});
after(() => at.remove());

/** Gives somebody an authenticator, an app unless it is a passkey, and ten recovery codes. */
async function enroll(
  username: string,
  { configFile, passkey = null }: EnrollmentKnobs = at,
): Promise<void> {
  const reading = readConfig(configFile, { environment: {}, upstreams: 'required', port: null });
  assert.ok(reading.ok);
  const { flows, ...administration } = await tools.openForAdministration(reading.config);
  const user = await flows.stores.users.findByUsername(username);
  assert.ok(user !== null);
  await flows.stores.transaction(async (stores) => {
    await stores.authenticators.create({
      id: idFrom('authenticator', Buffer.alloc(12, 1)),
      userId: user.id,
      method: passkey === null ? 'totp' : 'webauthn',
      name: 'Phone',
      sealedCredential: 'x',
      lastStep: -1,
      passkey,
      createdAt: NOON,
      lastUsedAt: null,
    });
    const hashes = Array.from({ length: 10 }, (_, index) => `hash-${index}`);
    await stores.recoveryCodes.createUnconfirmed(user.id, hashes, NOON);
    await stores.recoveryCodes.confirm(user.id, NOON, 'drop');
  });
  await administration.close();
}

interface EnrollmentKnobs {
  readonly configFile: string;
  readonly passkey?: Authenticator['passkey'];
}

async function reasonOf(line: string): Promise<readonly unknown[]> {
  const { code, stdout } = await at.run(`explain ${line} --json`);
  const { decision, reason } = JSON.parse(stdout) as Readonly<Record<string, unknown>>;
  return [code, decision, reason];
}

describe('explain', () => {
  test('tells of somebody who is not signed in', async () => {
    const { code, stdout, stderr } = await at.run(
      'explain GET https://console.example.com/console/',
    );
    assert.equal(
      stdout,
      `GET https://console.example.com/console/
from 127.0.0.1 by nobody (not signed in)

Must sign in: Nobody is signed in.
sign-in, not-signed-in, by console#4

Routes
  ✘ admin    /admin/**    the path is /console/
  ✔ console  /console/**

Rules
  ✘ console#1  public
      ✘ path    wants /console/assets/**  sees /console/
      ✔ method  wants GET
  ✘ console#2  protect
      ✘ method  wants POST or DELETE  sees GET
  ✘ console#3  deny
      ✘ path  wants /console/old/**  sees /console/
  ✔ console#4  protect
      every request

Checks
  ✔ network  wants any address         sees 127.0.0.1
  ✘ session  wants somebody signed in  sees nobody

To pass
  Sign in; the rule admits every user.
  Prove two factors, or more where the policy says so.

Assumed
  the request comes from 127.0.0.1 (say another with --ip)
`,
    );
    assert.deepEqual({ code, stderr }, { code: 3, stderr: '' });
  });

  test('tells of somebody from the database whose proofs are too old', async () => {
    const { code, stdout } = await at.run(
      'explain DELETE /console/users/7 --user ben --ip 10.20.0.9 --proofs password@20m,totp@20m',
    );
    assert.equal(
      stdout,
      `DELETE https://console.example.com/console/users/7
from 10.20.0.9 by ben (TIER1) in SEC-OPS

Must confirm again: The proofs are older than the rule allows.
step-up, proof-too-old, by console#2

Routes
  ✘ admin    /admin/**    the path is /console/users/7
  ✔ console  /console/**

Rules
  ✘ console#1  public
      ✘ path    wants /console/assets/**  sees /console/users/7
      ✘ method  wants GET                 sees DELETE
  ✔ console#2  protect
      ✔ method  wants POST or DELETE
  · console#3  deny, not looked at
  · console#4  protect, not looked at

Checks
  ✔ network     wants any address                                 sees 10.20.0.9
  ✔ session     wants a session that is not over                  sees a session of ben
  ✔ account     wants an account that is enabled                  sees enabled
  ✔ audience    wants every user                                  sees user ben in SEC-OPS
  ✔ proof       wants something proved                            sees password 20m ago, totp 20m ago
  ✔ level       wants two factors                                 sees level 2: password 20m ago, totp 20m ago
  ✔ enrollment  wants totp and recovery-code enrolled, for TIER1  sees all of it
  ✘ freshness   wants no older than 5m                            sees password 20m ago, totp 20m ago

To pass
  Confirm with password and second factor; asked are two factors, no older than 5m.
`,
    );
    assert.equal(code, 3);
  });

  test('ends well when the request would pass', async () => {
    const { code, stdout } = await at.run(
      'explain GET /console/ --user ben --proofs password@2h,totp@2h',
    );
    assert.equal(code, 0);
    assert.match(stdout, /^Passes: The session has proved what the rule asks\.$/m);
  });

  test('asks for the second factor of who says nothing of proofs', async () => {
    const { code, stdout } = await at.run('explain GET /console/ --user ben');
    assert.equal(code, 3);
    assert.match(stdout, /^challenge, second-factor-required, by console#4$/m);
    assert.match(stdout, /the password was proved just now/);
  });

  test('tells who must enroll first', async () => {
    const { stdout } = await at.run('explain GET /console/ --user anna');
    assert.match(stdout, /^enroll, policy-requires-enrollment, by console#4$/m);
  });

  test('supposes that a method was enrolled when it was proved, and says so', async () => {
    const { stdout } = await at.run('explain GET /console/ --user anna --proofs password,totp');
    assert.match(stdout, /^ {2}anna has enrolled totp$/m);
    assert.match(stdout, /^ {2}anna has stored recovery codes$/m);
    // The operator's policy asks TIER0 for more than that.
    assert.match(stdout, /webauthn missing/);
  });

  describe('where a tier must use security keys of known models', () => {
    const model = '2fc0579f-8113-47ea-b116-bb5a8db9202a';
    const passes = 'explain GET /console/ --groups ADMINS --proofs password,totp,webauthn';
    let hardware: Installation;
    before(async () => {
      hardware = installation(`server: { publicUrl: https://console.example.com }
policy:
  tiers: { TIER0: [ADMINS] }
  methods:
    webauthn: { hardwareKeys: { tiers: [TIER0], models: [${model}], rootsFile: roots.pem } }
routes:
  - name: console
    path: /console/**
    upstream: http://10.0.0.5:8000
    rules: [{ requires: { phishingResistant: true } }]
`);
      writeFileSync(path.join(hardware.folder, 'roots.pem'), aRoot().pem);
      for (const username of ['dora', 'emil']) {
        const add = `user add ${username} --groups ADMINS --password-stdin`;
        await hardware.run(add, { stdin: 'correct horse 7 battery' });
      }
      const { configFile } = hardware;
      const passkey = { credentialId: 'AAAA', signCount: 0, isBackedUp: false };
      await enroll('dora', { configFile, passkey: { ...passkey, attestedModel: null } });
    });
    after(() => hardware.remove());

    test('supposes such a key where a passkey is supposed, and says so', async () => {
      const { code, stdout } = await hardware.run(passes);
      assert.match(stdout, /^ {2}somebody has enrolled totp and webauthn$/m);
      assert.match(
        stdout,
        new RegExp(`^  webauthn was proved with .* model ${model}, which counts for TIER0$`, 'm'),
      );
      assert.match(stdout, /^allow, assurance-met/m);
      assert.equal(code, 0);
    });

    test('supposes it of somebody in the database who has no passkey', async () => {
      const line = 'explain GET /console/ --user emil --proofs password,totp,webauthn';
      assert.match((await hardware.run(line)).stdout, /^allow, assurance-met/m);
    });

    test('does not make a key of the model out of a passkey that somebody has', async () => {
      const line = 'explain GET /console/ --user dora --proofs password,totp,webauthn';
      const { stdout } = await hardware.run(line);
      assert.match(stdout, /^enroll, policy-requires-enrollment/m);
      assert.match(stdout, /webauthn missing/);
      assert.doesNotMatch(stdout, /was proved with/);
    });

    test('supposes nothing of the kind for other tiers', async () => {
      const { stdout } = await hardware.run(passes.replace('ADMINS', 'STAFF'));
      assert.doesNotMatch(stdout, /was proved with/);
    });
  });

  test('supposes somebody without reading the database', async () => {
    const { code, stdout } = await at.run(
      'explain GET /console/ --groups STAFF --proofs password,totp',
      { tools: { ...tools, openForAdministration: () => assert.fail('the database was opened') } },
    );
    assert.equal(code, 0);
    assert.match(stdout, /^from 127\.0\.0\.1 by somebody \(TIER3\) in STAFF$/m);
  });

  test('looks at the network before everything else', async () => {
    const { code, stdout } = await at.run('explain GET /admin/ --ip 192.0.2.1 --user anna');
    assert.equal(code, 3);
    assert.match(stdout, /^deny, network-not-allowed$/m);
    assert.match(stdout, /^ {2}Come from an address in zone-e \(10\.20\.0\.0\/24\)\.$/m);
  });

  test('knows who is not admitted, rules that deny, and addresses without a route', async () => {
    assert.deepEqual(await reasonOf('GET /admin/ --ip 10.20.0.1 --user ben'), [
      3,
      'deny',
      'not-admitted',
    ]);
    assert.deepEqual(await reasonOf('GET /console/old/x --user ben'), [3, 'deny', 'rule-denies']);
    assert.deepEqual(await reasonOf('GET /elsewhere'), [3, 'deny', 'no-route']);
    assert.deepEqual(await reasonOf('GET /console/assets/x.js'), [0, 'allow', 'rule-is-public']);
    assert.deepEqual(await reasonOf('GET /console/%2e%2e/admin'), [
      3,
      'refused',
      'invalid-request-target',
    ]);
    assert.deepEqual(await reasonOf('GET /_mfa/sign-in'), [3, 'portal', 'portal']);
  });

  test('knows from where a service may come, whatever it would have to prove', async () => {
    const jobs = installation(`server: { publicUrl: https://console.example.com }
networks: { zone-e: [10.20.0.0/24] }
routes:
  - name: jobs
    path: /jobs/**
    upstream: http://10.0.0.5:8000
    accept: [session, bearer]
    rules:
      - when: { path: /jobs/people }
      - for: { services: [batch-runner] }
`);
    assert.equal((await jobs.run('user add batch-runner --service --networks zone-e')).code, 0);
    const explained = (path: string, ip: string) =>
      jobs.run(`explain GET ${path} --user batch-runner --ip ${ip}`);

    const inside = await explained('/jobs/nightly', '10.20.0.9');
    assert.deepEqual([inside.code, /^allow, assurance-met/m.test(inside.stdout)], [0, true]);
    const unnamed = await explained('/jobs/people', '10.20.0.9');
    assert.match(unnamed.stdout, /^deny, not-admitted/m);
    const { code, stdout } = await explained('/jobs/nightly', '203.0.113.9');
    jobs.remove();
    assert.equal(code, 3);
    assert.match(stdout, /^deny, service-network-not-allowed/m);
    assert.match(stdout, /an address in zone-e, to which the service is bound/);
    assert.match(stdout, /Come from one of the networks that the service account is bound to\./);
    assert.doesNotMatch(stdout, /password/);
  });

  test('knows a tenant that asks for a second factor', async () => {
    await at.run('tenant add acme');
    const stdin = 'correct horse 7 battery';
    await at.run('tenant set acme --mfa-required yes --grace-days 0');
    await at.run('user add cleo --tenant acme --password-stdin', { stdin });

    // The tests' clock stands before the account was made; a deadline is an instant, not a wish.
    const { stdout } = await at.run('explain GET /console/bulletin --user cleo');
    assert.match(stdout, /wants a second factor by \d{4}-/);
  });

  test('writes the whole trace for programs', async () => {
    const { stdout } = await at.run(
      'explain POST /console/x --user ben --proofs password,totp@4m --json',
    );
    const answer = JSON.parse(stdout) as Readonly<Record<string, unknown>>;
    assert.deepEqual(
      [answer['decision'], answer['route'], answer['rule'], answer['would_pass']],
      ['allow', 'console', 'console#2', []],
    );
    assert.deepEqual(answer['user'], {
      username: 'ben',
      groups: ['SEC-OPS'],
      tier: 'TIER1',
      enrolled: ['totp'],
      recovery_codes_left: 10,
      proofs: [
        { method: 'password', at: '2026-03-02T12:00:00.000Z' },
        { method: 'totp', at: '2026-03-02T11:56:00.000Z' },
      ],
    });
  });

  test('fails for a person who is not there', async () => {
    assert.deepEqual(await at.run('explain GET /console/ --user zoe'), {
      code: 1,
      stdout: '',
      stderr: 'There is no user "zoe". To see all: sallyport user list --config FILE\n',
    });
  });

  test('sets signs in colour at a terminal, unless it was asked not to', async () => {
    const line = 'explain GET /console/';
    const coloured = await at.run(line, { isTerminal: true });
    assert.ok(coloured.stdout.includes('\u001b[31mMust sign in:\u001b[0m'));
    const plain = await at.run(line, { isTerminal: true, environment: { NO_COLOR: '1' } });
    assert.ok(!plain.stdout.includes('\u001b'));
  });
});
