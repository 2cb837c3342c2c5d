/**
 * `/admin/policy`: what is in force, in words, for those whom it concerns; and that no page of the
 * administration shows a secret of the configuration, whoever looks (G9).
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Config } from '../../../../src/config/config.ts';
import { Secret } from '../../../../src/platform/secret.ts';
import { endpoints } from '../../../../src/web/endpoints.ts';
import type { Enrolled } from '../../../support/http-verbs.ts';
import { fileNamed } from '../../../support/source-files.ts';
import { openPage, openWatchRoom, type WatchRoom } from '../../../support/watch-room.ts';

let room: WatchRoom;
let carol: Enrolled;
let zed: Enrolled;
before(async () => {
  room = await openWatchRoom();
  carol = await room.enter('carol', ['DESK']);
  zed = await room.enter('zed', ['DESK'], 'acme');
});
after(() => room.close());

/** The text of a page, without its tags and with one blank between words. */
function textOf(body: string): string {
  return body
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&amp;', '&');
}

/** The text of a route's card. */
function routeOn(body: string, name: string): string {
  const card = body
    .split('<section class="card route"')
    .find((part) => part.includes(`. ${name}</h3>`));
  return textOf(card ?? assert.fail(`no route ${name}`));
}

describe('the policy in force', () => {
  test('says what tiers must set up, how codes are paused and who administers', async () => {
    const text = textOf(await openPage(carol.client, '/admin/policy'));
    assert.match(text, /TIER0 ROOT Authenticator app, Recovery codes at each sign-in/);
    assert.match(text, /TIER3 everybody else nothing a browser may remember it/);
    assert.match(text, /Wrong codes after 5 within 15m, codes are paused for 15m/);
    assert.match(
      text,
      /Administrator look, change people, settings and sessions, ask for resets DESK carol/,
    );
    assert.match(text, /Auditor look WATCH nobody/);
    assert.match(text, /They need approval/);
    assert.match(text, /zone-e 10\.20\.0\.0\/24/);
    assert.match(text, /The administration can be reached from anywhere\./);
  });

  test('says of each rule what it asks of whom, as the gateway adds it up', async () => {
    const body = await openPage(carol.client, '/admin/policy');
    const console = routeOn(body, 'console');
    assert.match(
      console,
      /console#1 path \/console\/assets\/\*\*, method GET everybody, signed in or not/,
    );
    assert.match(console, /console#2 path \/console\/old\/\*\* nobody/);
    // DESK is of TIER1, so that nobody of a lower tier can be admitted; the console's step-up is
    // the shorter of the two.
    assert.match(
      console,
      /console#3 method POST or DELETE group DESK TIER0 and TIER1: two factors, no older than 5m/,
    );
    assert.match(console, /console#5 method GET every user two factors, no older than 10m/);
    const plain = routeOn(body, 'plain');
    assert.match(plain, /TIER0 and TIER1: two factors/);
    assert.match(plain, /TIER2 and TIER3: two factors; whoever has no second step: one factor/);
    assert.match(routeOn(body, 'zone'), /From zone-e/);
  });

  test('follows a reload', async () => {
    const other = await openWatchRoom();
    try {
      const dora = await other.enter('dora', ['DESK']);
      const routes = [
        { name: 'fresh', path: '/fresh/**', upstream: other.upstream.origin, rules: [{}] },
      ];
      assert.doesNotMatch(await openPage(dora.client, '/admin/policy'), /\/fresh\/\*\*/);
      other.gateway.rewrite({
        administration: { admins: ['DESK'] },
        policy: { tiers: { TIER1: ['DESK'] } },
        routes,
      });
      const reload = other.gateway.live.reload();
      assert.ok(reload.ok, JSON.stringify(reload));
      assert.match(await openPage(dora.client, '/admin/policy'), /\/fresh\/\*\*/);
    } finally {
      await other.close();
    }
  });

  test('shows where routes lead to those who run the installation, and to nobody else', async () => {
    const { origin } = room.upstream;
    assert.ok((await openPage(carol.client, '/admin/policy')).includes(origin));
    const theirs = await openPage(zed.client, '/admin/policy');
    assert.ok(!theirs.includes(origin.replace(/^http:\/\//, '')));
    assert.match(theirs, /\/console\/\*\*/, 'the routes themselves are no secret');
  });

  test('names nobody of another tenant', async () => {
    const yves = await room.enter('yves', ['DESK'], 'other');
    const body = await openPage(yves.client, '/admin/policy');
    assert.match(routeOn(body, 'console'), /console#4 path \/console\/zed\/\*\* nobody/);
    assert.doesNotMatch(body, />(?:carol|zed)</);
    assert.match(await openPage(zed.client, '/admin/policy'), /user zed/);
    assert.doesNotMatch(await openPage(carol.client, '/admin/policy'), />zed</);
  });
});

function mark(what: string): string {
  return `marked-${what}-secret`;
}

/** The configuration with something in every place that must not be shown. */
function marked(config: Config): Config {
  const secret = (what: string): Secret => new Secret(mark(what));
  return {
    ...config,
    file: mark('file'),
    server: { ...config.server, tls: { certFile: mark('cert'), keyFile: mark('key-file') } },
    storage: {
      database: { kind: 'postgres', url: secret('database') },
      sessions: { kind: 'redis', urls: [secret('redis')], mode: 'single' },
      encryptionKeyFile: mark('encryption-key'),
    },
    mail: {
      host: mark('mail-host'),
      port: 587,
      isImplicitTls: false,
      isTlsRequired: true,
      username: mark('mail-user'),
      password: secret('mail-password'),
      from: mark('mail-from'),
    },
    auditTrail: {
      ...config.auditTrail,
      syslog: {
        host: mark('syslog'),
        port: 6514,
        isTls: true,
        certificates: mark('syslog-certificates'),
        facility: 13,
      },
      webhook: { url: `https://${mark('webhook')}.example/`, secret: secret('webhook-secret') },
    },
    risk: { ...config.risk, geoDatabase: mark('map') },
    webauthn: { ...config.webauthn, attestationRoots: [mark('roots')] },
  };
}

describe('no page of the administration', () => {
  test('shows a secret, an address of a store or a path of a file', async () => {
    // One for each place in the configuration that holds a secret; a new one belongs in here too.
    const places = fileNamed('src/config/config.ts').text.match(/: (?:readonly )?Secret\b/g) ?? [];
    assert.equal(places.length, 4, 'mark the new secret');

    const { live } = room.gateway;
    const whole = Object.getOwnPropertyDescriptor(live, 'current');
    assert.ok(whole !== undefined);
    const config = marked(live.current());
    Object.defineProperty(live, 'current', { ...whole, value: () => config });
    try {
      const pages = endpoints.filter(
        ({ method, permission, path }) =>
          method === 'GET' && permission !== null && !path.includes(':'),
      );
      assert.ok(pages.some(({ path }) => path === '/admin/policy'));
      for (const { client } of [carol, zed]) {
        for (const { path } of pages) {
          const { body } = await client.visit(`/_mfa${path}`);
          assert.doesNotMatch(body, /marked-|\[secret\]/, path);
        }
        const asked = '/_mfa/admin/explain?url=/console/x&groups=DESK&proved=password,totp';
        const { status, body } = await client.visit(asked);
        assert.equal(status, 200);
        assert.doesNotMatch(body, /marked-|\[secret\]/);
      }
    } finally {
      Object.defineProperty(live, 'current', whole);
    }
  });
});
