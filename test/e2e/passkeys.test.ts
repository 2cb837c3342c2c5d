/**
 * Passkeys and security keys in a real browser, on authenticators that Chromium simulates: laptops
 * and keys, those that know their owner and those that do not.
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
  signOut,
  storeRecoveryCodes,
  typeCode,
  usePasskey,
  visitAs,
  type Keyring,
  type Visit,
} from './support/verbs.ts';

describe('passkeys', () => {
  const clock = fixedClock();
  let demo: Demo;
  let browser: Browser;

  const visitBy = async (username: string, scripts: 'on' | 'off' = 'on'): Promise<Visit> => {
    const person = demo.people.find((known) => known.username === username);
    assert.ok(person);
    return visitAs(person, { browser, origin: demo.url, clock, scripts });
  };

  // One for each group: all together would run into the limit of forms per minute.
  const start = async (): Promise<void> => {
    demo = await startDemo({ clock, log: quietLog, port: 0 });
  };
  const stop = async (): Promise<void> => demo.close();

  before(async () => {
    browser = await startBrowser();
  });

  after(() => browser.close());

  describe('on a laptop that knows its owner', () => {
    let visit: Visit;
    let laptop: Keyring;

    before(async () => {
      await start();
      visit = await visitBy('dan');
      laptop = await plugIn(visit, 'laptop');
    });

    after(async () => {
      await leave(visit);
      await stop();
    });

    test('are set up instead of an app, and lead to the page first asked for', async () => {
      const { page } = visit;
      await page.goto('/console/users?sort=name');
      await signIn(visit);
      await seesPage(visit, /\/enroll$/);
      await press(visit, '.alternatives a[href*="/enroll/passkey"]');

      // Whoever is not recognised is told so and may try again.
      await laptop.recognise(false);
      await page.locator('[data-passkey-button]').click();
      await page.getByText('Nothing was set up').waitFor();
      await laptop.recognise(true);
      await enrollPasskey(visit, 'Work laptop');
      await storeRecoveryCodes(visit);

      assert.equal(page.url(), `${demo.url}/console/users?sort=name`);
      assert.equal(await laptop.count(), 1);
    });

    test('sign in alone from the name field, and answer for the second step too', async () => {
      const { page } = visit;
      await signOut(visit);
      await page.goto('/console/users/3?tab=mail');
      await page.waitForURL(/\/console\/users\/3/);

      assert.equal(page.url(), `${demo.url}/console/users/3?tab=mail`);
      assert.equal(await page.getAttribute('#who', 'data-visitor'), 'dan');
    });

    test('sign in alone by the button', async () => {
      const { page } = visit;
      await signOut(visit);
      await laptop.respond(false);
      await page.goto('/console/users/4');
      await seesPage(visit, /\/sign-in$/);
      await laptop.respond(true);
      await usePasskey(visit);

      assert.equal(page.url(), `${demo.url}/console/users/4`);
    });

    test('are asked for anew by a tab that somebody comes back to', async () => {
      const { page } = visit;
      await signOut(visit);
      await laptop.respond(false);
      await page.clock.install();
      await page.goto('/console/users/4?later');
      clock.advance(301);
      await page.clock.setFixedTime(Date.now() + 301_000);
      const renewed = page.waitForEvent('load');
      await page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`);
      await renewed;
      await seesPage(visit, /\/sign-in$/);
      await laptop.respond(true);
      await usePasskey(visit);

      assert.equal(page.url(), `${demo.url}/console/users/4?later`);
    });

    test('are the second step after a password, before anything else is offered', async () => {
      const { page } = visit;
      await signOut(visit);
      await laptop.respond(false);
      await page.goto('/console/users/5');
      await signIn(visit);
      await seesPage(visit, /\/challenge$/);
      assert.equal(await page.locator('[name=code]').count(), 0, 'no code is asked for');
      await page.goto(page.url() + '&method=totp');
      assert.equal(await page.locator('[name=code]').count(), 0, 'there is no app to ask');

      await laptop.respond(true);
      await usePasskey(visit);
      assert.equal(page.url(), `${demo.url}/console/users/5`);
    });

    test('confirm a change without the password', async () => {
      const { page } = visit;
      clock.advance(301);
      await page.goto('/console/users/7/edit?from=list');
      await press(visit, 'text=Save');
      await seesPage(visit, /\/step-up$/);
      assert.equal(await page.locator('[name=password]').count(), 0);
      await usePasskey(visit);

      assert.equal(page.url(), `${demo.url}/console/users/7/edit?from=list`);
      await page.fill('[name=department]', 'Changed by dan');
      await press(visit, 'text=Save');
      assert.equal(page.url(), `${demo.url}/console/users/7?saved`);
    });
  });

  describe('on a security key that is only touched', () => {
    let visit: Visit;
    let key: Keyring;

    before(async () => {
      await start();
      visit = await visitBy('chloe');
      key = await plugIn(visit, 'touch-key');
    });

    after(async () => {
      await leave(visit);
      await stop();
    });

    test('are set up, and answer for the second step', async () => {
      const { page } = visit;
      await page.goto('/console/users/3');
      await signIn(visit);
      await press(visit, '.alternatives a[href*="/enroll/passkey"]');
      await enrollPasskey(visit, 'Blue key');
      await storeRecoveryCodes(visit);
      assert.equal(page.url(), `${demo.url}/console/users/3`);

      await signOut(visit);
      await page.goto('/console/users/4');
      await signIn(visit);
      await seesPage(visit, /\/challenge$/);
      await usePasskey(visit);
      assert.equal(page.url(), `${demo.url}/console/users/4`);
    });

    test('confirm a change together with the password', async () => {
      const { page } = visit;
      clock.advance(301);
      await page.goto('/console/users/7/edit');
      await press(visit, 'text=Save');
      await usePasskey(visit);
      await page.getByText('your password is needed too').waitFor();

      await page.fill('[name=password]', 'not the password');
      await usePasskey(visit);
      assert.match(await page.innerText('[role=alert]:visible'), /did not match/);
      await page.fill('[name=password]', visit.person.password);
      await usePasskey(visit);
      assert.equal(page.url(), `${demo.url}/console/users/7/edit`);
    });

    test('do not sign in alone, and the page says so', async () => {
      const { page } = visit;
      await signOut(visit);
      await page.goto('/_mfa/sign-in');
      await page.locator('[data-passkey-button]').click();
      await page.getByText('No passkey was used').waitFor();
      await seesPage(visit, /\/sign-in$/);
      assert.equal(await key.count(), 1);
    });
  });

  describe('on a security key that asks for a PIN', () => {
    before(start);
    after(stop);

    test('sign in alone, and confirm a change without the password', async () => {
      const visit = await visitBy('dan');
      const { page } = visit;
      const key = await plugIn(visit, 'pin-key');
      await page.goto('/_mfa/sign-in');
      await signIn(visit);
      await page.goto('/_mfa/enroll/passkey');
      await enrollPasskey(visit, 'Green key');
      await storeRecoveryCodes(visit);

      await signOut(visit);
      await key.respond(false);
      await page.goto('/console/users/3');
      await seesPage(visit, /\/sign-in$/);
      await key.respond(true);
      await usePasskey(visit);
      assert.equal(page.url(), `${demo.url}/console/users/3`);

      clock.advance(301);
      await page.goto('/console/users/7/edit');
      await press(visit, 'text=Save');
      await seesPage(visit, /\/step-up$/);
      assert.equal(await page.locator('[name=password]').count(), 0);
      await usePasskey(visit);
      assert.equal(page.url(), `${demo.url}/console/users/7/edit`);
      await leave(visit);
    });
  });

  describe('on a laptop that does not know its owner', () => {
    before(start);
    after(stop);

    test('are a second step, confirm beside the password, and do not sign in alone', async () => {
      const visit = await visitBy('chloe');
      const { page } = visit;
      const laptop = await plugIn(visit, 'open-laptop');
      await page.goto('/_mfa/sign-in');
      await signIn(visit);
      await page.goto('/_mfa/enroll/passkey');
      await enrollPasskey(visit, 'Old laptop');
      await storeRecoveryCodes(visit);

      await signOut(visit);
      await page.goto('/console/users/3');
      await page.locator('[data-passkey-button]').click();
      await page.getByText('No passkey was used').waitFor();
      await signIn(visit);
      await seesPage(visit, /\/challenge$/);
      await usePasskey(visit);
      assert.equal(page.url(), `${demo.url}/console/users/3`);

      clock.advance(301);
      await page.goto('/console/users/7/edit');
      await press(visit, 'text=Save');
      await usePasskey(visit);
      await page.getByText('your password is needed too').waitFor();
      await page.fill('[name=password]', visit.person.password);
      await usePasskey(visit);
      assert.equal(page.url(), `${demo.url}/console/users/7/edit`);
      assert.equal(await laptop.count(), 1);
      await leave(visit);
    });
  });

  describe('of one person on two authenticators', () => {
    let visit: Visit;
    let laptop: Keyring;

    before(async () => {
      await start();
      visit = await visitBy('ben');
      laptop = await plugIn(visit, 'laptop');
    });

    after(async () => {
      await leave(visit);
      await stop();
    });

    test('work each by itself, and neither is set up twice', async () => {
      const { page } = visit;
      await page.goto('/console/users/3');
      await signIn(visit);
      await enrollTotp(visit);
      await storeRecoveryCodes(visit);
      await page.goto('/_mfa/enroll/passkey');
      await enrollPasskey(visit);
      await page.goto('/_mfa/enroll/passkey');
      await page.locator('[data-passkey-button]').click();
      await page.getByText('set up already').waitFor();
      await laptop.recognise(false);

      const key = await plugIn(visit, 'touch-key');
      await page.goto('/_mfa/enroll/passkey');
      await enrollPasskey(visit, 'Blue key');
      assert.deepEqual([await laptop.count(), await key.count()], [1, 1]);

      for (const keyring of ['key', 'laptop'] as const) {
        await laptop.recognise(keyring === 'laptop');
        await laptop.respond(false);
        await signOut(visit);
        await page.goto(`/console/users/4?by=${keyring}`);
        await signIn(visit);
        await laptop.respond(keyring === 'laptop');
        await key.respond(keyring === 'key');
        await usePasskey(visit);
        assert.equal(page.url(), `${demo.url}/console/users/4?by=${keyring}`);
      }
    });

    test('go on working while codes are paused', async () => {
      const { page } = visit;
      await signOut(visit);
      await laptop.respond(false);
      await page.goto('/console/users/4');
      await signIn(visit);
      await press(visit, 'a[href*="method=totp"]');
      for (let guess = 0; guess < 5; guess += 1) await typeCode(visit, '000000');
      assert.match(
        await page.innerText('.notice.warning'),
        /Codes are paused .* A passkey still works/,
      );
      assert.equal(await page.locator('[name=code], a[href*="recovery-code"]').count(), 0);

      await laptop.respond(true);
      await usePasskey(visit);
      assert.equal(page.url(), `${demo.url}/console/users/4`);
    });
  });

  describe('where the policy asks for them', () => {
    before(start);
    after(stop);

    test('need JavaScript, and the page says so', async () => {
      const visit = await visitBy('anna', 'off');
      await visit.page.goto('/_mfa/sign-in');
      await signIn(visit);
      await visit.page.goto('/_mfa/enroll/passkey');
      assert.match(await visit.page.innerText('main'), /the one thing here that needs JavaScript/);
      assert.ok(await visit.page.isHidden('[data-passkey-button]'));
      assert.ok(await visit.page.isVisible('text=Back to the overview'));
      await leave(visit);
    });

    test('anna (TIER0) obtains nothing before app, codes and passkey are set up', async () => {
      const visit = await visitBy('anna');
      const { page } = visit;
      await plugIn(visit, 'laptop');
      await page.goto('/admin/settings?from=mail');
      await signIn(visit);
      await enrollTotp(visit);
      await storeRecoveryCodes(visit);
      await page.goto('/console/bulletin');
      await seesPage(visit, /\/enroll$/);

      await page.goto('/admin/settings?from=mail');
      await press(visit, 'a.primary');
      await enrollPasskey(visit);
      await seesPage(visit, /\/step-up$/);
      await usePasskey(visit);
      assert.equal(page.url(), `${demo.url}/admin/settings?from=mail`);
      await leave(visit);
    });
  });
});
