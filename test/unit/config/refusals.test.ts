/** Configurations that must not start (contract section 2), each with the place of the mistake. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faultsOf } from '../../support/config-files.ts';

/** A configuration around one part that is wrong; the part begins on line 2. */
const around = (part: string) => `server: { publicUrl: https://console.example.com }\n${part}\n`;

const route = (lines: string) => around(`routes:\n  - ${lines.trim().replaceAll('\n', '\n    ')}`);

const consoleRoute = `
name: console
path: /console/**
upstream: http://10.0.0.5:8000
`;

/** The one fault of a configuration, without the name of the file. */
function faultOf(yaml: string): string {
  const faults = faultsOf(yaml);
  assert.equal(faults.length, 1, faults.join('\n'));
  return faults[0]?.replace('sallyport.yaml:', '') ?? '';
}

/** A grid of what is written and what is said of it. */
function refuses(cases: readonly (readonly [rule: string, yaml: string, fault: string])[]): void {
  for (const [rule, yaml, fault] of cases) {
    test(rule, () => assert.equal(faultOf(yaml), fault));
  }
}

describe('the public address', () => {
  refuses([
    [
      'must be written',
      'portal: { issuer: Example }\n',
      '1:1: server.publicUrl: is missing; write the address that people type, https://console.example.com',
    ],
    [
      'must be https',
      'server:\n  publicUrl: http://console.example.com\n',
      '2:14: server.publicUrl: passwords would travel in the clear; write https://console.example.com',
    ],
    [
      'has no path',
      'server:\n  publicUrl: https://console.example.com/admin\n',
      '2:14: server.publicUrl: routes have paths, this has none; write https://console.example.com',
    ],
    [
      'has no credentials',
      'server:\n  publicUrl: https://anna:secret@console.example.com\n',
      '2:14: server.publicUrl: an address must not contain a name or password',
    ],
    [
      'is an address',
      'server:\n  publicUrl: console.example.com\n',
      '2:14: server.publicUrl: this is not an address; write one such as https://console.example.com',
    ],
  ]);

  test('may be plain http on a loopback address', () => {
    for (const host of ['localhost:8080', '127.0.0.1:8080', '[::1]:8080', 'sallyport.localhost']) {
      assert.deepEqual(faultsOf(`server: { publicUrl: "http://${host}" }\n`), []);
    }
  });
});

describe('listeners', () => {
  refuses([
    [
      'stand at an address and a port',
      'server:\n  publicUrl: https://console.example.com\n  listen: 8080\n',
      '3:11: server.listen: write an address and a port, such as 127.0.0.1:8080 or [::1]:8080',
    ],
    [
      'are not two at one place',
      'server:\n  publicUrl: https://console.example.com\n  listen: 0.0.0.0:9464\n  management: 127.0.0.1:9464\n',
      '4:15: server.management: this is where the public listener is; metrics must not be public; take another port',
    ],
    [
      'need the certificate that is named',
      'server:\n  publicUrl: https://console.example.com\n  tls: { certFile: ./none.pem, keyFile: ./mfa-policy.yaml }\n',
      '3:20: server.tls.certFile: the file ./none.pem cannot be read',
    ],
    [
      'need a certificate and a key, not just any files',
      'server:\n  publicUrl: https://console.example.com\n  tls: { certFile: ./mfa-policy.yaml, keyFile: ./mfa-policy.yaml }\n',
      '3:20: server.tls.certFile: certificate and key are not a pair of PEM files that belong together',
    ],
  ]);
});

const trusting = (blocks: string) =>
  `server:\n  publicUrl: https://console.example.com\n  trustedProxies: [${blocks}]\n`;

describe('trusted proxies', () => {
  const message = 'everyone could claim any address; write the addresses of your proxies only';

  refuses([
    ['are not everyone', trusting('0.0.0.0/0'), `3:20: server.trustedProxies[0]: ${message}`],
    [
      'are not everyone on IPv6',
      trusting("10.0.0.1, '::/0'"),
      `3:30: server.trustedProxies[1]: ${message}`,
    ],
    [
      'are not everyone in two halves',
      trusting('0.0.0.0/1, 128.0.0.0/1'),
      `3:20: server.trustedProxies[0]: ${message}`,
    ],
    [
      'are not everyone whom there is, private addresses apart',
      trusting("'2000::/3'"),
      `3:20: server.trustedProxies[0]: ${message}`,
    ],
    [
      'are not everyone behind IPv4-mapped addresses',
      trusting("'::ffff:0:0/96'"),
      `3:20: server.trustedProxies[0]: ${message}`,
    ],
    [
      'are addresses',
      trusting('10.0.0.1, proxy.example.com'),
      '3:30: server.trustedProxies[1]: write an address or a block of addresses, such as 192.0.2.10 or 10.20.0.0/24',
    ],
  ]);

  test('may be a private network', () => {
    assert.deepEqual(faultsOf(trusting('10.0.0.0/8, 192.168.0.0/16')), []);
  });
});

const portal = (lines: string) => around(`portal:\n  ${lines}`);

describe('the portal', () => {
  refuses([
    [
      'is https',
      portal('url: http://console.example.com/_mfa'),
      '3:8: portal.url: people type their passwords there; it must begin with https://',
    ],
    [
      'does not take every path of the public host',
      portal('url: https://console.example.com/'),
      '3:8: portal.url: the portal would take every path of https://console.example.com; write https://console.example.com/_mfa',
    ],
    [
      'has a path that every parser reads alike',
      portal('url: https://console.example.com/a/../_mfa'),
      '3:8: portal.url: the path may hold letters, digits, hyphens and dots only, such as /_mfa',
    ],
    [
      'has no query',
      portal('url: https://console.example.com/_mfa?x=1'),
      '3:8: portal.url: an address must not contain a query or fragment here',
    ],
    [
      'needs a cookie domain on a host of its own',
      portal('url: https://id.example.com'),
      '3:8: portal.url: the session cookie of id.example.com would not reach console.example.com; write portal.cookieDomain: example.com',
    ],
    [
      'shares a domain with the routes',
      portal('url: https://id.example.net'),
      '3:8: portal.url: the session cookie of id.example.net would not reach console.example.com; give both hosts one domain',
    ],
    [
      'has a cookie domain that covers the public host',
      portal('cookieDomain: example.net'),
      '3:17: portal.cookieDomain: example.net does not cover console.example.com (server.publicUrl)',
    ],
    [
      'has a cookie domain that is not a whole top-level domain',
      portal('cookieDomain: com'),
      '3:17: portal.cookieDomain: browsers refuse cookies for all of .com; write your own domain, example.com',
    ],
    [
      'has a cookie domain that is not a registry',
      portal('cookieDomain: co.uk'),
      '3:17: portal.cookieDomain: browsers refuse cookies for all of .co.uk; write your own domain, example.com',
    ],
    [
      'has a cookie domain without a leading dot',
      portal('cookieDomain: .example.com'),
      '3:17: portal.cookieDomain: write a domain in lower case and without a leading dot, such as example.com',
    ],
    [
      'has a time zone that exists',
      portal('timeZone: Africa/Johanesburg'),
      '3:13: portal.timeZone: there is no time zone "Africa/Johanesburg"; did you mean "Africa/Johannesburg"?',
    ],
    [
      'has a time zone with summer and winter',
      portal('timeZone: "+02:00"'),
      '3:13: portal.timeZone: there is no time zone "+02:00"; write one such as Europe/Berlin',
    ],
    [
      'has an accent that text can be read on',
      portal('accent: "#ffee00"'),
      '3:11: portal.accent: white text on it has a contrast of 1.2 to 1; take a darker one (4.5 to 1)',
    ],
    [
      'has an accent that is a colour and nothing else',
      portal('accent: "red;background:url(//evil.example)"'),
      '3:11: portal.accent: write a colour as "#rrggbb" in quotes, such as "#0b5cad"',
    ],
    [
      'has a network that is declared',
      portal('network: zone-e'),
      '3:12: portal.network: there is no network "zone-e"; none is declared under networks',
    ],
  ]);

  test('may stand on a host of its own with a cookie domain', () => {
    const yaml = portal('url: https://id.example.com\n  cookieDomain: example.com');
    assert.deepEqual(faultsOf(yaml), []);
  });
});

describe('storage', () => {
  refuses([
    [
      'is SQLite or PostgreSQL',
      around('storage:\n  database: mysql://root:secret@db/sallyport'),
      '3:13: storage.database: write sqlite:FILE or postgres://user@host/database',
    ],
    [
      'is a file, not memory',
      around("storage:\n  database: 'sqlite::memory:'"),
      '3:13: storage.database: write the path of a file after sqlite:, such as sqlite:./data/sallyport.db',
    ],
    [
      'keeps sessions in the database or in Redis',
      around('storage:\n  sessions: [redis://a:6379, memcached://b]'),
      '3:30: storage.sessions[1]: write database, redis://host:6379/0, rediss://… or redis+sentinel://…',
    ],
    [
      'names sentinels with a host',
      around('storage:\n  sessions: redis+sentinel:///mymaster'),
      '3:13: storage.sessions: write database, redis://host:6379/0, rediss://… or redis+sentinel://…',
    ],
    [
      'does not hold the encryption key itself',
      around(`storage:\n  encryptionKeyFile: ${'0123456789abcdef'.repeat(4)}`),
      '3:22: storage.encryptionKeyFile: this looks like the key itself; put it into a file and write its path here',
    ],
  ]);
});

describe('policy', () => {
  refuses([
    [
      'maps a group to one tier',
      around('policy:\n  tiers: { TIER0: [ADMINS], TIER1: [SEC, ADMINS] }'),
      '3:42: policy.tiers.TIER1[1]: the group ADMINS is in TIER0 already; a group belongs to one tier',
    ],
    [
      'has a policy file that is there',
      around('policy:\n  file: ./other.yaml'),
      '3:9: policy.file: the policy file other.yaml cannot be read; write the path of one',
    ],
    [
      'has no tier of its own making',
      around('policy:\n  tiers: { TIER4: [ADMINS] }'),
      '3:12: policy.tiers: unknown key "TIER4"; did you mean "TIER0"?',
    ],
    [
      'has passwords of at least eight characters',
      around('identity: { local: { minPasswordLength: 7 } }'),
      '2:41: identity.local.minPasswordLength: write 8 or more',
    ],
    [
      'has durations with a unit',
      around('stepUp: { within: 600 }'),
      '2:19: stepUp.within: write a duration such as 30s, 10m, 12h or 30d',
    ],
  ]);
});

describe('networks', () => {
  refuses([
    [
      'hold addresses',
      around('networks: { zone-e: [10.20.0.0/33] }'),
      '2:22: networks.zone-e[0]: write an address or a block of addresses, such as 192.0.2.10 or 10.20.0.0/24',
    ],
    [
      'are lists',
      around('networks: { zone-e: 10.20.0.0/24 }'),
      '2:21: networks.zone-e: write a list, not text',
    ],
    [
      'have plain names',
      around('networks: { "zone e": [10.20.0.0/24] }'),
      '2:13: networks.zone e: write the name of a network: letters, digits, hyphens, underscores and dots',
    ],
  ]);

  test('may be empty, and then admit nobody (F38)', () => {
    const yaml = around('networks: { zone-e: [] }') + routesIn('zone-e');
    assert.deepEqual(faultsOf(yaml), []);
  });
});

function routesIn(network: string): string {
  return `routes:\n  - { name: a, path: /**, upstream: "http://10.0.0.5", network: ${network} }\n`;
}

describe('a route', () => {
  refuses([
    [
      'has a name',
      route('path: /x\nupstream: http://10.0.0.5'),
      '3:5: routes[0].name: is missing. A name for logs, metrics and the audience of assertions. Unique.',
    ],
    [
      'has a name of its own',
      route(consoleRoute) + '  - { name: Console, path: /x, upstream: "http://10.0.0.5" }\n',
      '6:13: routes[1].name: the route on line 3 has this name already; take another',
    ],
    [
      'has a path',
      route('name: a\nupstream: http://10.0.0.5'),
      '3:5: routes[0].path: is missing. Paths it answers to; /x and /x/** are different.',
    ],
    [
      'has a path that begins with a slash',
      route('name: a\npath: x/**\nupstream: http://10.0.0.5'),
      '4:11: routes[0].path: write a path such as /admin/**: it begins with /, * is one segment, ** any number of them',
    ],
    [
      'has an upstream',
      route('name: a\npath: /x'),
      '3:5: routes[0].upstream: is missing; write where the backend is, such as http://10.0.0.5:8000',
    ],
    [
      'has an upstream without a path',
      route('name: a\npath: /x\nupstream: http://10.0.0.5:8000/app'),
      '5:15: routes[0].upstream: the path of the request is sent on as it is; write http://10.0.0.5:8000',
    ],
    [
      'has an upstream without credentials',
      route('name: a\npath: /x\nupstream: http://root:secret@10.0.0.5:8000'),
      '5:15: routes[0].upstream: an address must not contain a name or password',
    ],
    [
      'has an upstream that speaks HTTP',
      route('name: a\npath: /x\nupstream: ws://10.0.0.5:8000'),
      '5:15: routes[0].upstream: this is not an address; write one such as http://10.0.0.5:8000',
    ],
    [
      'has an upstream that is not the gateway',
      route('name: a\npath: /x\nupstream: http://localhost:8080'),
      '5:15: routes[0].upstream: this is the gateway itself; write where the backend is',
    ],
    [
      'has an upstream that is not the public address',
      route('name: a\npath: /x\nupstream: https://console.example.com'),
      '5:15: routes[0].upstream: this is the gateway itself; write where the backend is',
    ],
    [
      'has a network that is declared',
      around('networks: { zone-e: [10.20.0.0/24] }') + routesIn('zone-f'),
      '4:65: routes[0].network: there is no network "zone-f"; did you mean "zone-e"?',
    ],
    [
      'has a host without scheme and port',
      route('name: a\nhost: https://console.example.com\npath: /x\nupstream: http://10.0.0.5'),
      '4:11: routes[0].host: write a host name without scheme and port, such as console.example.com or *.example.com',
    ],
    [
      'has a host in quotes when it begins with a star',
      route('name: a\nhost: *.example.com\npath: /x\nupstream: http://10.0.0.5'),
      '4:11: there is no anchor ".example.com"; put a text that begins with * in quotes',
    ],
    [
      'has a host that the session cookie reaches',
      route('name: a\nhost: wiki.example.com\npath: /x\nupstream: http://10.0.0.5\nrules: [{}]'),
      '4:11: routes[0].host: the session cookie of console.example.com would not reach wiki.example.com; write portal.cookieDomain: example.com',
    ],
    [
      'can be reached past the routes before it',
      route(consoleRoute) + '  - { name: b, path: /console/b/*, upstream: "http://10.0.0.5" }\n',
      '6:22: routes[1].path: route "console" on line 3 takes every request before it can match; move it above that one',
    ],
    [
      'can be reached past the portal',
      route('name: a\npath: /_mfa/help/**\nupstream: http://10.0.0.5'),
      '4:11: routes[0].path: https://console.example.com/_mfa is the portal, which answers first; this route can never match',
    ],
    [
      'has a size with a unit',
      route(`${consoleRoute}maxBody: 10`),
      '6:14: routes[0].maxBody: write a size such as 512KB, 10MB or 1GiB',
    ],
    [
      'is accepted by session or bearer',
      route(`${consoleRoute}accept: [sesion]`),
      '6:14: routes[0].accept[0]: write one of: session, bearer; did you mean "session"?',
    ],
  ]);
});

const rules = (lines: string) =>
  route(`${consoleRoute}rules:\n  ${lines.trim().replaceAll('\n', '\n  ')}`);

test('a route may have any host while the public address is loopback, for trying things out', () => {
  const yaml = `server: { publicUrl: "http://127.0.0.1:8080" }
routes: [{ name: a, host: wiki.example.com, path: /x, upstream: "http://10.0.0.5", rules: [{}] }]
`;
  assert.deepEqual(faultsOf(yaml), []);
});

describe('a rule', () => {
  refuses([
    [
      'does not follow one for every request',
      rules('- requires: { level: 2 }\n- when: { method: POST }\n  effect: deny'),
      '8:9: routes[0].rules[1]: can never match: the rule on line 7 matches every request that this one could; move this one above it',
    ],
    [
      'does not follow a wider one',
      rules('- when: { path: /console/a/** }\n- when: { path: /console/a/b, method: GET }'),
      '8:9: routes[0].rules[1]: can never match: the rule on line 7 matches every request that this one could; move this one above it',
    ],
    [
      'does not follow one with more methods',
      rules('- when: { method: [GET, POST] }\n- when: { method: [POST, HEAD] }\n  effect: deny'),
      '8:9: routes[0].rules[1]: can never match: the rule on line 7 matches every request that this one could; move this one above it',
    ],
    [
      'does not follow one for the whole path of the route',
      rules('- when: { path: /** }\n- effect: deny'),
      '8:9: routes[0].rules[1]: can never match: the rule on line 7 matches every request that this one could; move this one above it',
    ],
    [
      'for services alone stands where tokens are taken: they have nothing else',
      rules('- for: { services: [batch] }'),
      '7:14: routes[0].rules[0].for: admits nobody: services identify themselves by bearer tokens; write accept: [bearer] in this route',
    ],
    [
      'has paths of its route',
      rules('- when: { path: [/console/a, /admin/**] }'),
      '7:36: routes[0].rules[0].when.path[1]: no path of /console/** matches /admin/**; correct it',
    ],
    [
      'has methods in capitals',
      rules('- when: { method: post }'),
      '7:25: routes[0].rules[0].when.method: write request methods in capitals, such as GET or POST',
    ],
    [
      'has no empty list of methods',
      rules('- when: { method: [] }'),
      '7:25: routes[0].rules[0].when.method: an empty list matches nothing; leave the key out or fill it',
    ],
    [
      'has a time of day that there is',
      rules('- when: { time: { from: "24:30" } }'),
      '7:31: routes[0].rules[0].when.time.from: write a time of day in quotes, such as "08:00"',
    ],
    [
      'has a window that is open for some time',
      rules('- when: { time: { from: "08:00", to: "08:00" } }'),
      '7:23: routes[0].rules[0].when.time: the window ends where it begins; leave both out for a whole day',
    ],
    [
      'has days of the week',
      rules('- when: { time: { days: [monday] } }'),
      '7:32: routes[0].rules[0].when.time.days[0]: write one of: mon, tue, wed, thu, fri, sat, sun',
    ],
    [
      'has a network that is declared',
      rules('- when: { network: office }'),
      '7:26: routes[0].rules[0].when.network: there is no network "office"; none is declared under networks',
    ],
    [
      'names somebody in `for`',
      rules('- for: { groups: [] }'),
      '7:9: routes[0].rules[0].for: nobody is named; name groups, users or services, or write effect: deny',
    ],
    [
      'is either public or for somebody',
      rules('- effect: public\n  for: { groups: [ADMINS] }'),
      '8:9: routes[0].rules[0].for: effect: public lets everybody pass; remove this or the effect',
    ],
    [
      'asks for methods that exist',
      rules('- requires: { methods: [sms] }'),
      '7:31: routes[0].rules[0].requires.methods[0]: write one of: totp, webauthn, recovery-code',
    ],
    [
      'asks for methods that can be phishing resistant',
      rules('- requires: { phishingResistant: true, methods: [totp] }'),
      '7:55: routes[0].rules[0].requires.methods: none of these methods is phishing resistant; add webauthn or remove one of both',
    ],
    [
      'asks for level 1 or 2',
      rules('- requires: { level: 3 }'),
      '7:28: routes[0].rules[0].requires.level: write 1 (one factor) or 2 (two factors)',
    ],
    [
      'asks for no second factor at level 1',
      rules('- requires: { level: 1, methods: [totp] }'),
      '7:28: routes[0].rules[0].requires.level: level 1 asks for no second factor, and yet one is described; write level: 2',
    ],
    [
      'has no key that means nothing',
      rules('- require: { level: 2 }'),
      '7:9: routes[0].rules[0]: unknown key "require"; did you mean "requires"?',
    ],
    [
      'has networks that reach its route',
      around('networks: { in: [10.0.0.0/8], out: [192.0.2.0/24] }') +
        'routes:\n  - name: a\n    path: /**\n    upstream: http://10.0.0.5\n    network: in\n    rules: [{ when: { network: out } }]\n',
      '8:32: routes[0].rules[0].when.network: no address is both here and in in, the network of the route; correct one of them',
    ],
  ]);

  test('may follow a narrower one', () => {
    const yaml = rules('- when: { path: /console/a, method: GET }\n- when: { path: /console/** }');
    assert.deepEqual(faultsOf(yaml), []);
  });

  test('may follow one for other hours', () => {
    const yaml = rules('- when: { time: { from: "08:00", to: "18:00" } }\n- effect: deny');
    assert.deepEqual(faultsOf(yaml), []);
  });
});

describe('YAML', () => {
  refuses([
    [
      'has each key once',
      around('sessions: {}\nsessions: {}'),
      '3:1: "sessions" is written twice; the first one is on line 2',
    ],
    [
      'is indented by spaces',
      'server:\n\tpublicUrl: https://console.example.com\n',
      '2:1: this is not valid YAML: tabs are not allowed as indentation',
    ],
    [
      'is one document',
      around('---\nsessions: {}'),
      '2:1: this is not valid YAML: source contains multiple documents; please use YAML.parseAllDocuments()',
    ],
    [
      'has no control characters',
      around('portal: { issuer: "a\0b" }'),
      '2:21: a control character cannot stand here',
    ],
    [
      'has no tags of its own',
      around('portal: { issuer: !!js/function "x" }'),
      '2:19: this is not valid YAML: unresolved tag: tag:yaml.org,2002:js/function',
    ],
    ['holds keys and values', '[1, 2]\n', '1:1: write keys and values, not a list'],
    [
      'knows where a key is misspelt',
      around('sesions: {}'),
      '2:1: unknown key "sesions"; did you mean "sessions"?',
    ],
    [
      'knows which keys there are',
      around('sessions: { forever: true }'),
      '2:13: sessions: unknown key "forever"; known here: idle, absolute',
    ],
  ]);
});
