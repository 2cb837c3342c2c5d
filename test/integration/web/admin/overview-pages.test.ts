/** The overview, sessions and streams, and the settings, over HTTP. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { noteToday } from '../../../../src/flows/admin/mfa-status.ts';
import { codeOf, leadsTo, postForm, textOf } from '../../../support/admin-forms.ts';
import { type Enrolled, nextCode } from '../../../support/http-verbs.ts';
import { from, openWatchRoom, type WatchRoom } from '../../../support/watch-room.ts';

let room: WatchRoom;
let carol: Enrolled;
let otto: Enrolled;
before(async () => {
  room = await openWatchRoom({
    mail: { smtp: 'smtp://127.0.0.1:1', from: 'security@example.com' },
  });
  carol = await room.enter('carol', ['DESK']);
  otto = await room.enter('otto', ['WATCH']);
});
after(() => room.close());

const page = (path: string, who = carol) => who.client.visit(`/_mfa${path}`);
const flows = () => room.gateway.composition.flows;
/** The page of the step-up, answered. */
async function confirm(who: Enrolled): Promise<void> {
  const form = await who.client.open('/_mfa/step-up');
  await who.client.submit(form, { password: who.password, code: nextCode(room.clock, who.secret) });
}

describe('the overview', () => {
  test('counts people by how far they are, and each number leads to the list behind it', async () => {
    await room.person('ben', ['WATCH']);
    await room.person('dan', ['STAFF']);
    const overview = await page('/admin');
    const text = textOf(overview);
    assert.match(text, /People 4 Enrolled \(50 %\) 2 In grace 0 Missing 1/);
    assert.match(text, /TIER1 3 people 2 Enrolled 1 Missing TIER3 1 person 1 Not asked/);
    const links = [...overview.body.matchAll(/href="\/_mfa(\/admin\/users\?[^"]+)"/g)].map(
      ([, link = '']) => link.replaceAll('&amp;', '&'),
    );
    assert.ok(links.length > 6);
    for (const link of links) assert.equal((await page(link)).status, 200, link);
    assert.match(
      textOf(await page('/admin/users?status=missing&state=enabled')),
      / 1 found .* ben /,
    );
  });

  test('draws a line once there are two days, and says the same in a table', async () => {
    assert.doesNotMatch((await page('/admin')).body, /<polyline/);
    await noteToday(flows());
    room.clock.advance(24 * 3600);
    await room.gateway.newClient().visit('/_mfa/sign-in');
    otto = await room.enter('olaf', ['WATCH']);
    const overview = await page('/admin', otto);
    assert.equal(overview.body.split('<polyline').length - 1, 3);
    assert.match(
      overview.body,
      /role="img" aria-label="People by their second step, from 2 Mar 2026 to 3 Mar 2026\."/,
    );
    assert.match(textOf(overview), /2 Mar 2026 2 0 1 3 Mar 2026 3 0 1/);
    assert.doesNotMatch(overview.body, /style="/);
  });

  test('tells what was refused, over a day and over a month', async () => {
    await room.gateway.newClient().visit('/zone/x', from('192.0.2.7'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const text = textOf(await page('/admin', otto));
    assert.match(text, /outside the network of the route\. 1 1/);
  });

  test('reminds with one click, and says what came of it', async () => {
    carol = await room.enter('cleo', ['DESK']);
    const shown = await page('/admin');
    assert.match(shown.body, /name="whom" value="all-missing"/);
    const fields = { action: 'remind', whom: 'all-missing', after: '' };
    const answer = await postForm(carol.client, '/admin', fields);
    assert.equal(answer.status, 200);
    assert.match(textOf(answer), /No reminder was sent\. 1 person was left out/);
    const nobody = await postForm(carol.client, '/admin', { ...fields, whom: 'everybody' });
    assert.equal(codeOf(nobody), 'invalid-request');
  });
});

describe('the sessions', () => {
  test('name who is signed in, by what and where, and mark one’s own', async () => {
    const text = textOf(await page('/admin/sessions'));
    assert.match(text, /cleo .*password \d\d:\d\d, authenticator app \d\d:\d\d/);
    assert.match(text, /This is yours/);
  });

  test('are ended one by one, or all of a person', async () => {
    const gil = await room.enter('gil', ['STAFF']);
    const { body } = await page('/admin/sessions');
    const key =
      /aria-label="End the session of gil[\s\S]*?name="session" value="([0-9a-f]{64})"/.exec(
        body,
      )?.[1];
    const one = await postForm(carol.client, '/admin/sessions', {
      action: 'end-session',
      session: key ?? '',
    });
    assert.equal(leadsTo(one), '/admin/sessions?done=session-ended');
    const twice = await postForm(carol.client, '/admin/sessions', {
      action: 'end-session',
      session: key ?? '',
    });
    assert.equal(twice.status, 404);
    const user = (await flows().stores.users.findByUsername('gil'))?.id ?? '';
    await postForm(carol.client, '/admin/sessions', { action: 'end-sessions', user });
    assert.equal(codeOf(await gil.client.visit('/_mfa/account')), 'not-signed-in');
  });

  test('show what is open here, and end it with its session (G10)', async () => {
    const sam = await room.enter('sam', ['STAFF']);
    const opened = room.gateway.newClient();
    for (const pair of sam.client.cookieHeader().split('; ')) {
      const [name = '', value = ''] = pair.split(/=(.*)/);
      opened.setCookie(name, value);
    }
    room.upstream.answerWith((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: 1\n\n');
    });
    const stream = opened.call('/plain/events').catch((error: unknown) => error);
    let shown = await page('/admin/sessions');
    for (let tries = 0; tries < 40 && !shown.body.includes('/plain/events'); tries += 1) {
      room.clock.advance(1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      shown = await page('/admin/sessions');
    }
    assert.match(textOf(shown), /sam .* plain \/plain\/events Answer under way/);
    const form =
      /aria-label="End what sam has open at \/plain\/events"[\s\S]*?name="session" value="([0-9a-f]{64})"[\s\S]*?name="user" value="([^"]+)"/.exec(
        shown.body,
      );
    assert.ok(form !== null);
    const fields = { action: 'end-stream', session: form[1] ?? '', user: form[2] ?? '' };
    const answer = await postForm(carol.client, '/admin/sessions', fields);
    assert.equal(leadsTo(answer), '/admin/sessions?done=session-ended');
    const ended = await Promise.race([
      stream.then(() => 'ended'),
      new Promise((resolve) => setTimeout(() => resolve('still open'), 1500)),
    ]);
    assert.equal(ended, 'ended');
    assert.equal(codeOf(await sam.client.visit('/_mfa/account')), 'not-signed-in');
    const again = await postForm(carol.client, '/admin/sessions', fields);
    assert.equal(again.status, 404);
  });
});

describe('the settings', () => {
  const asked = '/admin/settings?mfa_required=yes&mfa_grace_period_days=14';

  test('say what would come of a change, and change nothing by saying it', async () => {
    const text = textOf(await page(asked));
    assert.match(text, /\d+ people have none and have until .* to set one up/);
    assert.match(text, /Save these settings/);
    assert.match(textOf(await page('/admin/settings')), /asks for it by tier or by rule/);
  });

  test('are saved, hold at once, and say what holds', async () => {
    await confirm(carol);
    const fields = { mfa_required: 'yes', mfa_grace_period_days: '14' };
    const answer = await postForm(carol.client, '/admin/settings', fields, asked);
    assert.equal(leadsTo(answer), '/admin/settings?done=settings-changed');
    assert.match(textOf(await page('/admin/settings')), /Everybody must have a second step/);
    const lifting = textOf(await page('/admin/settings?mfa_required=no&mfa_grace_period_days=14'));
    assert.match(lifting, /Nobody has to have a second step because of this tenant any more/);
  });

  test('are refused beside the field when they make no sense', async () => {
    for (const days of ['-1', '366', '1.5', '1e2', 'soon', '', '٣']) {
      const path = `/admin/settings?mfa_required=yes&mfa_grace_period_days=${encodeURIComponent(days)}`;
      const answer = await page(path);
      assert.deepEqual([answer.status, codeOf(answer)], [422, 'validation-failed'], days);
      assert.match(answer.body, /id="mfa_grace_period_days-error"/);
      const fields = { mfa_required: 'yes', mfa_grace_period_days: days };
      const posted = await postForm(carol.client, '/admin/settings', fields);
      assert.equal(posted.status, 422, days);
    }
    const none = await postForm(carol.client, '/admin/settings', { mfa_required: 'maybe' });
    assert.equal(codeOf(none), 'invalid-request');
  });

  test('are to look at for an auditor', async () => {
    const { body } = await page(asked, otto);
    assert.doesNotMatch(body, /Save these settings|name="mfa_required"/);
  });
});
