/** The pages about people, as somebody without scripts uses them, and as somebody abuses them. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { UserId } from '../../../../src/core/ids.ts';
import { createUser } from '../../../../src/flows/admin/users.ts';
import { codeOf, leadsTo, postForm, textOf } from '../../../support/admin-forms.ts';
import { type Enrolled, signInWithCode } from '../../../support/http-verbs.ts';
import { passwordOf } from '../../../support/start-gateway.ts';
import { openWatchRoom, type WatchRoom } from '../../../support/watch-room.ts';

let room: WatchRoom;
let carol: Enrolled;
let zed: Enrolled;
let otto: Enrolled;
before(async () => {
  room = await openWatchRoom({
    mail: { smtp: 'smtp://127.0.0.1:1', from: 'security@example.com' },
    networks: { batch: ['10.20.3.0/24'], 'zone-e': ['10.20.0.0/24'] },
  });
  carol = await room.enter('carol', ['DESK']);
  otto = await room.enter('otto', ['WATCH']);
  zed = await room.enter('zed', ['DESK'], 'acme');
});
after(() => room.close());

const stores = () => room.gateway.composition.flows.stores;
const page = (path: string, who = carol) => who.client.visit(`/_mfa${path}`);
const newest = async (type: string) => {
  const events = await Array.fromAsync(stores().audit.read({ since: null }));
  return events.findLast((event) => event.type === type);
};

/** Somebody with a password and an address. */
async function person(username: string, groups: readonly string[] = []): Promise<UserId> {
  const answer = await createUser(room.gateway.composition.flows, {
    username,
    groups,
    email: `${username}@example.com`,
    password: passwordOf(username),
  });
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer.user.id;
}

describe('a new person', () => {
  const fields = {
    kind: 'user',
    username: 'nomsa',
    display_name: 'Nomsa Khumalo',
    email: 'nomsa@example.com',
    groups: 'STAFF, NIGHT STAFF',
  };

  test('is made, and their link is shown once: it lets them choose a password', async () => {
    const answer = await postForm(carol.client, '/admin/users/new', fields);
    assert.equal(answer.status, 200, answer.body);
    const link = /data-enrollment-link/.test(answer.body)
      ? /value="(http[^"]*\/link\/[\w-]{43})"/.exec(answer.body)?.[1]
      : undefined;
    assert.ok(link !== undefined, answer.body);
    assert.match(textOf(answer), /It was mailed to nomsa@example\.com/);
    assert.equal(answer.headers['cache-control'], 'no-store');

    const user = await stores().users.findByUsername('nomsa');
    assert.deepEqual(user?.groups, ['NIGHT', 'STAFF']);
    const story = await page(`/admin/users/${user?.id ?? ''}`);
    assert.ok(!story.body.includes(link), 'the link is shown this once');
    assert.match(textOf(story), /Not chosen yet/);

    const nomsa = room.gateway.newClient();
    const form = await nomsa.open(link);
    const chosen = { new_password: 'wintry-lantern-94', new_password_again: 'wintry-lantern-94' };
    const landed = await nomsa.submit(form, chosen);
    assert.equal(landed.status, 200);
    assert.match((await page(`/admin/users/${user?.id ?? ''}`)).body, /Chosen/);
  });

  test('is refused beside the field that is wrong, which keeps what was typed', async () => {
    const answer = await postForm(carol.client, '/admin/users/new', {
      ...fields,
      username: 'Nomsa Khumalo',
    });
    assert.deepEqual([answer.status, codeOf(answer)], [422, 'validation-failed']);
    assert.match(answer.body, /id="username-error"/);
    assert.match(answer.body, /name="display_name"[^>]*value="Nomsa Khumalo"/);
    assert.match(answer.body, /<title>Error: /);
    const taken = await postForm(carol.client, '/admin/users/new', fields);
    assert.equal(taken.status, 422);
    assert.match(textOf(taken), /There is an account of this name already/);
  });

  test('that is a service account is bound to networks and gets no link', async () => {
    const service = { ...fields, kind: 'service', username: 'runner', email: '', networks: '' };
    const at = '/admin/users/new';
    const refused = await postForm(carol.client, at, service, `${at}?kind=service`);
    assert.match(refused.body, /id="networks-error"/);
    const made = await postForm(carol.client, at, { ...service, networks: 'batch' });
    assert.equal(codeOf(made), 'redirect');
    const shown = await carol.client.open(String(made.headers.location));
    assert.match(textOf(shown), /The account is made\./);
    assert.match(textOf(shown), /Service account/);
  });
});

describe('a person’s page', () => {
  test('changes profile and groups, and says so once', async () => {
    const ben = await person('ben', ['STAFF']);
    const path = `/admin/users/${ben}`;
    const answer = await postForm(carol.client, path, {
      action: 'change',
      display_name: 'Ben Booysen',
      email: 'ben.b@example.com',
      groups: 'STAFF READERS',
    });
    assert.equal(leadsTo(answer), `${path}?done=person-changed`);
    const shown = await carol.client.open(String(answer.headers.location));
    assert.match(shown.body, /role="status"/);
    const user = await stores().users.findById(ben);
    assert.deepEqual(
      [user?.displayName, user?.email, user?.groups],
      ['Ben Booysen', 'ben.b@example.com', ['READERS', 'STAFF']],
    );
  });

  test('is shown again with what was typed when something is wrong', async () => {
    const eve = await person('eve');
    const answer = await postForm(carol.client, `/admin/users/${eve}`, {
      action: 'change',
      display_name: 'Eve',
      email: 'eve at home',
      groups: 'ROOT',
    });
    assert.equal(answer.status, 422);
    assert.match(answer.body, /name="email"[^>]*value="eve at home"/);
    assert.match(answer.body, /name="groups"[^>]*value="ROOT"/);
    assert.equal((await stores().users.findById(eve))?.displayName, 'eve');
  });

  test('refuses a group above the administrator, and writes the attempt down', async () => {
    const fay = await person('fay');
    const answer = await postForm(carol.client, `/admin/users/${fay}`, {
      action: 'change',
      display_name: 'fay',
      email: '',
      groups: 'STAFF, ROOT',
    });
    assert.deepEqual([answer.status, codeOf(answer)], [403, 'not-permitted']);
    assert.match(textOf(answer), /You cannot put anybody into the group ROOT/);
    assert.deepEqual((await stores().users.findById(fay))?.groups, []);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const denied = await newest('request.denied');
    assert.deepEqual(
      [denied?.actor, denied?.details['route'], denied?.details['reason']],
      ['carol', 'administration', 'not-permitted'],
    );
  });

  test('ends sessions, disables and enables, each after a question in place', async () => {
    const gil = await room.enter('gil', ['STAFF']);
    const id = (await stores().users.findByUsername('gil'))?.id ?? '';
    const path = `/admin/users/${id}`;
    const story = await page(path);
    assert.match(story.body, /<details class="confirm danger">\s*<summary[^>]*>End all sessions/);
    const key = /name="session" value="([0-9a-f]{64})"/.exec(story.body)?.[1] ?? '';

    const one = await postForm(carol.client, path, { action: 'end-session', session: key });
    assert.equal(leadsTo(one), `${path}?done=session-ended`);
    await postForm(carol.client, path, { action: 'end-sessions' });
    assert.equal(codeOf(await gil.client.visit('/_mfa/account')), 'not-signed-in');

    await postForm(carol.client, path, { action: 'disable' });
    const disabled = await page(path);
    assert.match(textOf(disabled), /nobody can sign in with it/);
    await postForm(carol.client, path, { action: 'enable' });
    const again = room.gateway.newClient();
    const landed = await signInWithCode(again, {
      target: '/_mfa/account',
      person: gil,
      clock: room.clock,
    });
    assert.equal(landed.status, 200);
  });

  test('makes another link for whoever forgot their password', async () => {
    const hal = await person('hal');
    const answer = await postForm(carol.client, `/admin/users/${hal}`, { action: 'invite' });
    assert.equal(answer.status, 200);
    assert.match(textOf(answer), /A new-password link for hal/);
    assert.match(answer.body, /\/link\/[\w-]{43}"/);
  });

  test('lifts a pause of codes, here and in the list of the locked', async () => {
    const ida = await person('ida');
    const { lockout } = room.gateway.live.current();
    for (let guess = 0; guess < lockout.failuresMax; guess += 1) {
      await stores().attempts.reserve(ida, lockout, room.clock.now());
    }
    const locked = await page('/admin/locked');
    assert.match(locked.body, /aria-label="Lift the pause of ida"/);
    assert.match((await page('/admin')).body, /1 account is locked/);
    const answer = await postForm(carol.client, '/admin/locked', { action: 'unlock', user: ida });
    assert.equal(leadsTo(answer), '/admin/locked?done=codes-unlocked');
    assert.match(textOf(await page('/admin/locked')), /Nobody is locked/);
  });

  test('reminds once a day', async () => {
    const jan = await person('jan', ['WATCH']);
    const path = `/admin/users/${jan}`;
    const first = await postForm(carol.client, path, { action: 'remind' });
    assert.equal(leadsTo(first), `${path}?done=reminder-sent`);
    const second = await postForm(carol.client, path, { action: 'remind' });
    assert.equal(leadsTo(second), `${path}?done=reminder-not-sent`);
  });

  test('offers nothing to whoever may only look, and takes nothing from them', async () => {
    const kim = await person('kim');
    const story = await page(`/admin/users/${kim}`, otto);
    assert.equal(story.status, 200);
    const posting = story.body.match(/<form method="post"[^>]*>/g) ?? [];
    assert.deepEqual([...new Set(posting)], ['<form method="post" action="/_mfa/sign-out">']);
    const csrf = /name="csrf" value="([^"]+)"/.exec(story.body)?.[1] ?? '';
    const answer = await otto.client.visit(`/_mfa/admin/users/${kim}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ csrf, action: 'disable' }).toString(),
    });
    assert.deepEqual([answer.status, codeOf(answer)], [403, 'not-permitted']);
    assert.equal((await stores().users.findById(kim))?.isDisabled, false);
  });

  test('of oneself changes nothing, and says why', async () => {
    const own = (await stores().users.findByUsername('carol'))?.id ?? '';
    const story = await page(`/admin/users/${own}`);
    assert.match(textOf(story), /This is you\. Nobody changes themselves here/);
    assert.doesNotMatch(story.body, /name="action"/);
    const answer = await postForm(carol.client, `/admin/users/${own}`, {
      action: 'change',
      display_name: 'Queen',
      email: '',
      groups: 'DESK, ROOT',
    });
    assert.deepEqual([answer.status, codeOf(answer)], [409, 'conflict']);
  });

  test('of somebody above is to look at', async () => {
    const ruth = await person('ruth', ['ROOT']);
    const story = await page(`/admin/users/${ruth}`);
    assert.match(textOf(story), /ruth is of a higher tier than you are/);
    for (const action of ['disable', 'invite', 'end-sessions', 'unlock']) {
      const answer = await postForm(carol.client, `/admin/users/${ruth}`, { action });
      assert.deepEqual([answer.status, codeOf(answer)], [403, 'not-permitted'], action);
    }
    assert.equal((await stores().users.findById(ruth))?.isDisabled, false);
  });

  test('that nobody has is not found; an unknown action is no action', async () => {
    for (const id of ['usr_nobody', '%00', '..', 'new%2F', 'x'.repeat(3000), "'%3Cimg%3E"]) {
      const answer = await page(`/admin/users/${id}`);
      assert.ok([400, 404].includes(answer.status), `${id}: ${String(answer.status)}`);
    }
    const liz = await person('liz');
    for (const action of ['', 'remove', 'constructor']) {
      const answer = await postForm(carol.client, `/admin/users/${liz}`, { action });
      assert.equal(codeOf(answer), 'invalid-request', action);
    }
  });
});

describe('another tenant', () => {
  test('sees nobody of this one: by list, by filter, by place, by id, by count', async () => {
    const mia = await person('mia');
    for (const path of [
      '/admin/users',
      '/admin/users?q=mia',
      '/admin/users?after=m',
      '/admin/users?status=not-asked',
      '/admin/locked',
      '/admin/sessions',
      '/admin/sessions?after=0',
      '/admin',
      '/admin/settings',
    ]) {
      const { body } = await page(path, zed);
      assert.doesNotMatch(body, /mia@|>mia<|carol|otto/, path);
    }
    assert.match(textOf(await page('/admin/users', zed)), / 1 account /);
    for (const path of [`/admin/users/${mia}`, `/admin/users/${mia}/reset`]) {
      assert.equal((await page(path, zed)).status, 404, path);
    }
  });

  test('changes nobody of this one, whatever it posts', async () => {
    const ned = await person('ned');
    for (const action of ['change', 'invite', 'remind', 'unlock', 'end-sessions', 'disable']) {
      const fields = { action, display_name: 'x', email: '', groups: '' };
      const answer = await postForm(zed.client, `/admin/users/${ned}`, fields, '/admin/users/new');
      assert.equal(answer.status, 404, action);
    }
    const session = (
      await room.gateway.composition.flows.sessions.listOfUser(
        (await stores().users.findByUsername('carol'))?.id as UserId,
        room.clock.now(),
      )
    )[0]?.key;
    for (const fields of [
      { action: 'end-session', session: session ?? '' },
      { action: 'end-sessions', user: ned },
      { action: 'end-stream', session: session ?? '', user: ned },
    ]) {
      const answer = await postForm(zed.client, '/admin/sessions', fields);
      assert.equal(answer.status, 404, fields.action);
    }
    const unlocking = await postForm(zed.client, '/admin/locked', { action: 'unlock', user: ned });
    assert.equal(unlocking.status, 404);
    assert.equal((await stores().users.findById(ned))?.isDisabled, false);
    assert.equal((await page('/admin')).status, 200);
  });
});

describe('hostile text', () => {
  const hostile = `"'><img src=x onerror=alert(1)></title><script>alert(2)</script>{{1}}<%= 1 %>`;

  test('stands nowhere as markup, whichever field it was typed into', async () => {
    const olga = await person('olga');
    const path = `/admin/users/${olga}`;
    // The rules of names let this much through.
    const shown = `O'Brien <b onclick=x>"&amp;`;
    const set = await postForm(carol.client, path, {
      action: 'change',
      display_name: shown,
      email: `o'<b>x</b>"@example.com`,
      groups: '',
    });
    assert.equal(codeOf(set), 'redirect', textOf(set));
    const bodies = [
      await page(path),
      await page('/admin/users?q=O%27Brien'),
      await page(
        `/admin/users?q=${encodeURIComponent(hostile)}&group=${encodeURIComponent(hostile)}`,
      ),
      await page(
        `/admin/users?status=${encodeURIComponent(hostile)}&after=${encodeURIComponent(hostile)}`,
      ),
      await page(`/admin/sessions?after=${encodeURIComponent(hostile)}`),
      await page(`/admin?done=${encodeURIComponent(hostile)}`),
      await page(
        `/admin/settings?mfa_required=yes&mfa_grace_period_days=${encodeURIComponent(hostile)}`,
      ),
      await postForm(carol.client, '/admin/users/new', {
        kind: hostile,
        username: hostile,
        display_name: hostile,
        email: hostile,
        groups: hostile,
        networks: hostile,
      }),
      await postForm(carol.client, path, {
        action: 'change',
        display_name: hostile,
        email: hostile,
        groups: hostile,
      }),
    ];
    for (const { body, url } of bodies) {
      assert.doesNotMatch(body, /<img|<b onclick|<b>x|<script>alert|<%=/, url.href);
    }
    const story = bodies[0]?.body ?? '';
    assert.match(story, /O&#39;Brien &lt;b onclick=x&gt;&quot;&amp;amp;/);
  });
});

describe('a very long list', () => {
  test('is shown a page at a time, each person once, and under its filter', async () => {
    const { users } = stores();
    for (let at = 0; at < 130; at += 1) {
      await users.create({
        id: `usr_long${String(at)}` as UserId,
        kind: 'user',
        username: `tall-${String(at).padStart(3, '0')}`,
        displayName: `Tall ${String(at)}`,
        email: null,
        groups: [],
        tenant: 'default' as never,
        networks: [],
        passwordHash: null,
        createdAt: room.clock.now(),
      });
    }
    const seen: string[] = [];
    let path: string | undefined = '/admin/users?q=tall-';
    let pages = 0;
    while (path !== undefined) {
      const { body }: { body: string } = await page(path);
      seen.push(...[...body.matchAll(/class="under">(tall-\d+)/g)].map(([, name = '']) => name));
      assert.match(body, /130 found/);
      const next: string | undefined = /rel="next" href="\/_mfa([^"]+)"/.exec(body)?.[1];
      path = next?.replaceAll('&amp;', '&');
      pages += 1;
    }
    assert.equal(pages, 3);
    assert.equal(new Set(seen).size, 130);
    assert.equal(seen.length, 130);
  });

  test('stays light: a full page is under 100 KB', async () => {
    const { body } = await page('/admin/users');
    assert.ok(Buffer.byteLength(body) < 100_000, String(Buffer.byteLength(body)));
  });
});

describe('without scripts', () => {
  test('no page of the administration asks for one', async () => {
    for (const path of [
      '/admin',
      '/admin/users',
      '/admin/users/new',
      '/admin/locked',
      '/admin/sessions',
      '/admin/settings',
    ]) {
      const { body } = await page(path);
      assert.doesNotMatch(body, /<script|javascript:|<[^>]*\son\w+=/, path);
    }
  });
});
