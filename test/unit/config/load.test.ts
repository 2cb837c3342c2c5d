/** Loading: what a file that is right becomes, and that all mistakes are told at once. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fixedConfig } from '../../../src/config/live.ts';
import { readConfig, readConfigValue, loadConfig } from '../../../src/config/load.ts';
import { ConfigError } from '../../../src/config/faults.ts';
import { configOf, faultsOf, readingOf, smallest } from '../../support/config-files.ts';
import { NOON } from '../../support/fixed-clock.ts';

const projectFolder = path.join(import.meta.dirname, '../../..');
const plain = { environment: {}, upstreams: 'required', port: null } as const;

describe('the smallest configuration', () => {
  const config = configOf(smallest);

  test('listens on the loopback address and puts the portal below the public address', () => {
    assert.deepEqual(config.server.listen, { host: '127.0.0.1', port: 8080 });
    assert.equal(config.server.management, null);
    assert.deepEqual(config.server.trustedProxies, []);
    assert.equal(config.portal.url, 'https://console.example.com/_mfa');
  });

  test('has the defaults of the contract', () => {
    assert.deepEqual(config.sessions, { idleSeconds: 1800, absoluteSeconds: 43_200 });
    assert.deepEqual(config.lockout, { failuresMax: 5, withinSeconds: 900, durationSeconds: 900 });
    assert.deepEqual(config.totp, { algorithm: 'SHA1', digits: 6, periodSeconds: 30, window: 1 });
    assert.equal(config.local.minPasswordLength, 12);
    assert.equal(config.policy.stepUpWithinSeconds, 600);
    assert.equal(config.auditsAllowed, false);
    assert.deepEqual(config.storage.sessions, { kind: 'database' });
  });

  test('finds files relative to its own folder', () => {
    assert.ok(config.storage.database.kind === 'sqlite');
    assert.equal(path.basename(config.storage.database.file), 'sallyport.db');
    assert.ok(path.isAbsolute(config.storage.encryptionKeyFile));
  });

  test('has no routes, so that nothing passes (G2)', () => {
    assert.deepEqual(config.routes, []);
  });
});

describe('a route', () => {
  const config = configOf(`
server: { publicUrl: https://console.example.com }
portal: { timeZone: Africa/Johannesburg }
networks: { zone-e: [10.20.0.0/24, 192.0.2.10, "2001:db8:e::/48"] }
routes:
  - name: admin
    host: Console.Example.com.
    path: /admin/**
    upstream: http://10.0.0.5:8000/
    network: zone-e
    adminConsole: true
    accept: [session, bearer]
    timeouts: { idle: 1h }
    maxBody: 10MB
    rules:
      - when: { path: /admin/assets/**, method: GET }
        effect: public
      - when:
          method: [POST, PUT]
          time: [{ days: [mon], from: "08:00", to: "12:00" }, { days: [sat] }]
        for: { groups: [ADMINS], users: [anna] }
        requires: { level: 2, within: 5m, phishingResistant: true }
      - {}
`);
  const [route] = config.routes;
  assert.ok(route !== undefined);
  const [assets, writing, rest] = route.rules;

  test('is compiled for the core', () => {
    assert.deepEqual(route.host, { name: 'console.example.com', isWildcard: false });
    assert.deepEqual(route.upstream, { origin: 'http://10.0.0.5:8000' });
    assert.deepEqual(
      route.network?.cidrs.map((cidr) => cidr.text),
      ['10.20.0.0/24', '192.0.2.10/32', '2001:db8:e::/48'],
    );
    assert.equal(route.isAdminConsole, true);
    assert.deepEqual(route.timeouts, {
      connectSeconds: 5,
      headersSeconds: 60,
      idleSeconds: 3600,
    });
    assert.equal(route.bodyBytesMax, 10_000_000);
  });

  test('has rules with names, effects and requirements', () => {
    assert.deepEqual(
      route.rules.map(({ id, effect }) => [id, effect]),
      [
        ['admin#1', 'public'],
        ['admin#2', 'protect'],
        ['admin#3', 'protect'],
      ],
    );
    assert.deepEqual(writing?.requires, {
      level: 2,
      withinSeconds: 300,
      isPhishingResistant: true,
      methods: null,
    });
    assert.deepEqual(writing?.audience, { groups: ['ADMINS'], users: ['anna'], services: [] });
  });

  test('asks two factors of every user where a rule says nothing', () => {
    assert.equal(rest?.audience, null);
    assert.equal(rest?.requires.level, 2);
    assert.deepEqual(rest?.conditions, []);
  });

  test('has conditions that hold in any of several windows', () => {
    const time = writing?.conditions.find(({ kind }) => kind === 'time');
    const request = {} as Parameters<NonNullable<typeof time>['holds']>[0];
    // 2026-03-02 is a Monday; noon in UTC is two o'clock in Johannesburg.
    assert.equal(time?.holds(request, NOON), false);
    assert.equal(time?.holds(request, NOON - 3 * 3_600_000), true);
    assert.equal(time?.holds(request, NOON + 5 * 86_400_000), true);
    assert.equal(time?.covers(time), true);
    assert.equal(assets?.conditions.length, 2);
  });
});

function said(file: string): readonly string[] {
  const reading = readConfig(file, plain);
  return reading.ok ? [] : reading.faults.map((fault) => fault.message);
}

describe('loading', () => {
  test('reads the example of the contract as it stands', () => {
    const contract = `
server:
  listen: 127.0.0.1:8080
  publicUrl: https://console.example.com
  trustedProxies: []
  management: 127.0.0.1:9464
portal:
  url: https://console.example.com/_mfa
  issuer: Example Corp
  cookieDomain: example.com
  timeZone: Africa/Johannesburg
  network: null
storage:
  database: sqlite:./data/sallyport.db
  sessions: database
  encryptionKeyFile: ./data/encryption.key
sessions: { idle: 30m, absolute: 12h }
networks: { zone-e: [10.20.0.0/24, 192.0.2.10, 2001:db8:e::/48] }
identity:
  local: { enabled: true, minPasswordLength: 12 }
policy:
  file: ./mfa-policy.yaml
  tiers: { TIER0: [AI-PLATFORM-ADMINS], TIER1: [SEC-OPS, AUDIT], TIER2: [PROJECT-OWNERS] }
  methods: { totp: { algorithm: SHA1, digits: 6, period: 30s, window: 1 } }
  lockout: { failures: 5, within: 15m, duration: 15m }
  trustedDevices: { enabled: true, for: 30d, tiers: [TIER2, TIER3] }
  risk: { newDevice: challenge, newLocation: challenge }
stepUp: { within: 10m }
routes:
  - name: models
    path: /v1/**
    upstream: http://10.0.0.6:8000
    accept: [session, bearer]
    timeouts: { connect: 5s, headers: 60s, idle: 5m }
    rules: [ { for: { groups: [ENGINEERS], services: [batch-runner] }, requires: { level: 2 } } ]
`;
    assert.deepEqual(faultsOf(contract), []);
  });

  test('tells all mistakes at once, in reading order, each file by itself', () => {
    const yaml = `
server: { publicUrl: http://console.example.com, listn: 8080 }
networks: { zone-e: [10.20.0.0/33] }
routes:
  - name: a
    path: a
    upstream: http://10.0.0.5/x
    network: zone-f
    rules:
      - requires: { level: 9 }
        for: {}
`;
    const policy = 'mfa:\n  enabled: maybe\nenforcment: {}\n';
    const places = faultsOf(yaml, { files: { 'mfa-policy.yaml': policy } }).map((fault) =>
      fault.split(': ').slice(0, 2).join(' '),
    );
    assert.deepEqual(places, [
      'sallyport.yaml:2:22 server.publicUrl',
      'sallyport.yaml:2:50 server',
      'sallyport.yaml:3:22 networks.zone-e[0]',
      'sallyport.yaml:6:11 routes[0].path',
      'sallyport.yaml:7:15 routes[0].upstream',
      'sallyport.yaml:8:14 routes[0].network',
      'sallyport.yaml:10:28 routes[0].rules[0].requires.level',
      'sallyport.yaml:11:9 routes[0].rules[0].for',
      'mfa-policy.yaml:2:12 mfa.enabled',
      'mfa-policy.yaml:3:1 unknown key "enforcment"; did you mean "enforcement"?',
    ]);
  });

  test('reports what stands behind an element that was left out at its own place', () => {
    const yaml = `${smallest}networks:\n  a: [1, 10.0.0.0/8, x]\nportal: { network: b }\n`;
    assert.deepEqual(
      faultsOf(yaml).map((fault) => fault.split(': ')[0]),
      ['sallyport.yaml:3:7', 'sallyport.yaml:3:22', 'sallyport.yaml:4:20'],
    );
  });

  test('says what is the matter with the file itself', () => {
    assert.deepEqual(said('/nowhere/sallyport.yaml'), ['there is no such file']);
    assert.deepEqual(said('/tmp'), ['this is a folder; name the file in it']);
    assert.deepEqual(said(process.execPath), ['this file is too large; the limit is 1 MiB']);
  });

  test('refuses a file that is not UTF-8', () => {
    assert.throws(() => loadConfig('/bin/true', plain), ConfigError);
  });

  test('needs a policy file', () => {
    const [fault] = faultsOf(smallest, { files: { 'mfa-policy.yaml': null } });
    assert.equal(
      fault,
      'sallyport.yaml:1:1: policy.file: the policy file mfa-policy.yaml cannot be read; write the path of one',
    );
  });

  test('does without upstreams in the middleware only', () => {
    const yaml = `${smallest}routes: [{ name: a, path: /a }]\n`;
    assert.equal(configOf(yaml, { upstreams: 'optional' }).routes[0]?.upstream, null);
    assert.equal(faultsOf(yaml).length, 1);
  });

  test('reads a configuration that is given as a value', () => {
    const folder = path.join(projectFolder, 'config');
    const options = { ...plain, shownAs: 'sallyport()', folder };
    const reading = readConfigValue({ server: { publicUrl: 'http://localhost' } }, options);
    assert.ok(reading.ok);
    assert.equal(fixedConfig(reading.config).current().file, null);
    const wrong = readConfigValue({ server: { publicUrl: 3 }, x: 1 }, options);
    assert.ok(!wrong.ok);
    assert.deepEqual(
      wrong.faults.map(({ file, line, column }) => [file, line, column]),
      [
        ['sallyport()', 1, 1],
        ['sallyport()', 1, 1],
        ['sallyport()', 1, 1],
      ].slice(0, wrong.faults.length),
    );
  });

  test('never shows what may be secret', () => {
    const yaml = `${smallest}storage: { database: "postgres://sallyport:hunter2@db/x", sessions: "redis://:hunter3@r" }\n`;
    assert.doesNotMatch(JSON.stringify(configOf(yaml)), /hunter/);
    const wrong = faultsOf(yaml.replace('postgres:', 'pstgres:').replace('redis:', 'rdis:'));
    assert.equal(wrong.length, 2);
    assert.doesNotMatch(wrong.join(), /hunter/);
  });
});

describe('--port', () => {
  test('moves the listener, and public addresses on loopback that repeat its port', () => {
    const yaml =
      'server: { listen: 127.0.0.1:8080, publicUrl: "http://localhost:8080" }\n' +
      'portal: { url: "http://localhost:8080/_mfa" }\n';
    const config = configOf(yaml, { port: 9000 });
    assert.equal(config.server.listen.port, 9000);
    assert.equal(config.server.publicUrl, 'http://localhost:9000');
    assert.equal(config.portal.url, 'http://localhost:9000/_mfa');
  });

  test('leaves the address alone that people type in front of a proxy', () => {
    const config = configOf(smallest, { port: 9000 });
    assert.equal(config.server.publicUrl, 'https://console.example.com');
  });
});

describe('the files in config/', () => {
  for (const file of ['sallyport.example.yaml', 'demo.yaml']) {
    test(`${file} is right`, () => {
      const config = loadConfig(path.join(projectFolder, 'config', file), plain);
      assert.ok(config.routes.length > 0);
    });
  }

  test('name nothing that could be taken for a secret', () => {
    const example = readFileSync(path.join(projectFolder, 'config/sallyport.example.yaml'), 'utf8');
    assert.doesNotMatch(example, /:\/\/[^/\s]+:[^/\s]+@/);
  });
});

const storageOf = (lines: string) => configOf(`${smallest}storage: { ${lines} }\n`).storage;

describe('storage', () => {
  test('may be PostgreSQL', () => {
    const { database } = storageOf('database: postgres://sallyport@db/x');
    assert.ok(database.kind === 'postgres');
    assert.equal(database.url.reveal(), 'postgres://sallyport@db/x');
  });

  const modes = [
    ['redis://r:6379/0', 'single'],
    ['rediss://r:6379/0', 'single'],
    ['[redis://a:6379, redis://b:6379]', 'cluster'],
    ['"redis+sentinel://a:26379,b:26379/mymaster/0"', 'sentinel'],
  ] as const;
  for (const [written, mode] of modes) {
    test(`keeps sessions in ${mode} Redis for ${written}`, () => {
      const { sessions } = storageOf(`sessions: ${written}`);
      assert.ok(sessions.kind === 'redis');
      assert.equal(sessions.mode, mode);
    });
  }
});

test('a reading is the same each time', () => {
  assert.deepEqual(readingOf('server: {}\nx: 1\n'), readingOf('server: {}\nx: 1\n'));
});
