/**
 * The main job, for each tier: somebody asks for a page, proves what the policy wants of them, and
 * lands on exactly that page; then changes something and is asked to confirm it. With scripts and
 * without.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startDemo, type Demo } from '../../src/cli/start-demo.ts';
import { startBrowser } from '../support/browser.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { quietLog } from '../support/quiet-log.ts';
import {
  enrollPasskey,
  enrollTotp,
  leave,
  plugIn,
  press,
  seesPage,
  signIn,
  stepUp,
  storeRecoveryCodes,
  visitAs,
  type Visit,
} from './support/verbs.ts';

for (const scripts of ['on', 'off'] as const) {
  const clock = fixedClock();
  let demo: Demo;
  let browser: Browser;

  const visitBy = (username: string): Promise<Visit> => {
    const person = demo.people.find((known) => known.username === username);
    assert.ok(person);
    return visitAs(person, { browser, origin: demo.url, clock, scripts });
  };
  const start = async (): Promise<void> => {
    demo = await startDemo({ clock, log: quietLog, port: 0 });
    browser = await startBrowser();
  };
  const stop = async (): Promise<void> => {
    await browser.close();
    await demo.close();
  };

  describe(`a first visit with scripts ${scripts}`, () => {
    before(start);
    after(stop);

    test('ben (TIER1) must enroll, lands where he asked, and confirms a change', async () => {
      const visit = await visitBy('ben');
      const { page } = visit;

      await page.goto('/console/users/7?tab=rights&q=a%20b');
      await signIn(visit);
      const secret = await enrollTotp(visit);
      const codes = await storeRecoveryCodes(visit);

      assert.equal(page.url(), `${demo.url}/console/users/7?tab=rights&q=a%20b`);
      assert.equal(await page.getAttribute('#who', 'data-visitor'), 'ben');
      assert.equal(new Set(codes).size, 10);

      await page.goto('/console/users/7/edit?from=list');
      await press(visit, 'text=Save');
      await stepUp(visit, secret);
      assert.equal(page.url(), `${demo.url}/console/users/7/edit?from=list`);

      await page.fill('[name=department]', 'Changed by ben');
      await press(visit, 'text=Save');
      assert.equal(page.url(), `${demo.url}/console/users/7?saved`);
      assert.match(await page.innerText('main'), /Changed by ben/);

      // The rule says `within: 5m`.
      clock.advance(301);
      await page.goto('/console/users/7/edit');
      await press(visit, 'text=Save');
      await seesPage(visit, /\/step-up$/);
      await leave(visit);
    });

    const passes = scripts === 'on';
    test(`anna (TIER0) must enroll a passkey too, ${passes ? 'and confirms before the administrators’ zone' : 'which takes scripts: the page says so'}`, async () => {
      const visit = await visitBy('anna');
      const { page } = visit;
      if (passes) await plugIn(visit, 'laptop');

      await page.goto('/admin/settings?from=mail');
      await signIn(visit);
      const secret = await enrollTotp(visit);
      await storeRecoveryCodes(visit);
      await seesPage(visit, /\/enroll$/);
      await press(visit, 'a.button.primary');
      if (!passes) {
        await seesPage(visit, /\/enroll\/passkey$/);
        await page.goto('/admin/settings');
        await seesPage(visit, /\/enroll$/);
        await leave(visit);
        return;
      }
      await enrollPasskey(visit);
      await seesPage(visit, /\/step-up$/);
      await page.goto(page.url().replace('/step-up?', '/step-up?method=totp&'));
      await stepUp(visit, secret);
      assert.equal(page.url(), `${demo.url}/admin/settings?from=mail`);

      await page.fill('[name=siteName]', 'Cluster 9');
      await press(visit, 'text=Save settings');
      assert.equal(page.url(), `${demo.url}/admin/settings?saved`);
      await leave(visit);
    });

    for (const [username, tier] of [
      ['chloe', 'TIER2'],
      ['dan', 'TIER3'],
    ] as const) {
      test(`${username} (${tier}) reads on a password and enrolls for the console`, async () => {
        const visit = await visitBy(username);
        const { page } = visit;

        await page.goto('/console/bulletin');
        await signIn(visit);
        assert.equal(page.url(), `${demo.url}/console/bulletin`);

        await page.goto('/console/users?sort=name');
        await enrollTotp(visit);
        await storeRecoveryCodes(visit);
        assert.equal(page.url(), `${demo.url}/console/users?sort=name`);
        await leave(visit);
      });
    }
  });

  describe(`a password alone, with scripts ${scripts}`, () => {
    before(start);
    after(stop);

    // prettier-ignore
    const doors = [
      // who      asks for            and gets
      ['anna',  '/nowhere',         404],
      ['anna',  '/admin/settings',  'enroll'],
      ['ben',   '/admin/settings',  403],
      ['ben',   '/console/bulletin', 'enroll'],
      ['chloe', '/admin/settings',  403],
      ['chloe', '/console/users',   'enroll'],
      ['chloe', '/v1/models',       'enroll'],
      ['dan',   '/v1/models',       403],
    ] as const;
    for (const username of ['anna', 'ben', 'chloe', 'dan'] as const) {
      test(`opens to ${username} what it should and nothing else`, async () => {
        const visit = await visitBy(username);
        await visit.page.goto('/_mfa/sign-in?return_to=%2F');
        await signIn(visit);
        for (const [, path, outcome] of doors.filter(([who]) => who === username)) {
          const answer = await visit.page.goto(path);
          if (outcome === 'enroll') await seesPage(visit, /\/enroll$/);
          else assert.equal(answer?.status(), outcome, path);
        }
        await leave(visit);
      });
    }

    for (const username of ['anna', 'ben'] as const) {
      test(`${username} sees nothing but enrollment until it is complete`, async () => {
        const first = await visitBy(username);
        await first.page.goto('/console/bulletin');
        await signIn(first);
        await seesPage(first, /\/enroll$/);
        await first.page.goto('/_mfa/account');
        await seesPage(first, /\/enroll$/);
        await leave(first);

        // Enrollment goes on in another window, where the recovery codes are not confirmed.
        const second = await visitBy(username);
        await second.page.goto('/console/users');
        await signIn(second);
        await enrollTotp(second);
        await seesPage(second, /\/recovery-codes$/);
        await second.page.goto('/console/users');
        await seesPage(second, /\/(enroll|recovery-codes)$/);
        await leave(second);
      });
    }
  });
}
