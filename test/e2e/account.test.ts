/** Somebody looks after their own account, in a real browser: with scripts, and without. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startDemo, type Demo } from '../../src/cli/start-demo.ts';
import { startBrowser } from '../support/browser.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { nextCode } from '../support/http-verbs.ts';
import { quietLog } from '../support/quiet-log.ts';
import {
  answerChallenge,
  enrollTotp,
  leave,
  press,
  seesPage,
  signIn,
  stepUp,
  storeRecoveryCodes,
  typeCode,
  visitAs,
  type Visit,
} from './support/verbs.ts';

const nextPassword = 'otter-lantern-wintry-17';

/** Longer than a step-up counts, and than the first set-up goes on. */
const longSeconds = 11 * 60;

/** Goes to the account by its address. */
async function opensAccount(visit: Visit): Promise<void> {
  await visit.page.goto('/_mfa/account');
  await seesPage(visit, /\/account$/);
}

/** Looks for a sentence on the page. */
async function says({ page }: Visit, sentence: RegExp): Promise<void> {
  assert.match(await page.locator('main').innerText(), sentence);
}

for (const scripts of ['on', 'off'] as const) {
  describe(`the account, with scripts ${scripts}`, () => {
    const clock = fixedClock();
    let demo: Demo;
    let browser: Browser;
    /** Nothing obliges Dan to a second step. */
    let dan: Visit;
    let secret = '';
    let codes: readonly string[] = [];

    const newVisit = async (username: string): Promise<Visit> => {
      const person = demo.people.find((one) => one.username === username);
      assert.ok(person);
      const visit = await visitAs(person, { browser, origin: demo.url, clock, scripts });
      await visit.page.goto('/_mfa/account');
      return visit;
    };

    before(async () => {
      demo = await startDemo({ clock, log: quietLog, port: 0 });
      browser = await startBrowser();
      dan = await newVisit('dan');
      await signIn(dan);
      await seesPage(dan, /\/account$/);
      await press(dan, 'a[href$="/enroll"]');
      secret = await enrollTotp(dan);
      codes = await storeRecoveryCodes(dan);
    });

    after(async () => {
      await browser.close();
      await demo.close();
    });

    test('gives an app another name', async () => {
      await opensAccount(dan);
      await press(dan, 'a[href*="/account/authenticators/"]');
      await seesPage(dan, /\/account\/authenticators\/ath_[\w-]+$/);
      await dan.page.fill('[name=name]', 'Phone');
      await press(dan, 'form:has([name=name]) button');

      await seesPage(dan, /\/account$/);
      await says(dan, /The new name was saved/);
      await says(dan, /Phone/);
    });

    test('adds another app after a confirmation, under a name of its own', async () => {
      clock.advance(longSeconds);
      await opensAccount(dan);
      await press(dan, 'a[href$="/enroll/totp"]');
      await stepUp(dan, secret);
      await seesPage(dan, /\/enroll\/totp$/);
      const second = await dan.page.getAttribute('[data-totp-secret]', 'data-totp-secret');
      await dan.page.fill('[name=name]', 'Tablet');
      await typeCode(dan, nextCode(clock, second ?? ''));

      await seesPage(dan, /\/account$/);
      await says(dan, /Tablet/);
    });

    test('ends one other session after a confirmation', async () => {
      const other = await newVisit('dan');
      await signIn(other);
      await answerChallenge(other, secret);
      clock.advance(longSeconds);
      await opensAccount(dan);

      await press(dan, 'form:has([name=session]) button');
      await stepUp(dan, secret);
      await seesPage(dan, /\/account$/);
      await press(dan, 'form:has([name=session]) button');

      await says(dan, /That session was ended/);
      await other.page.goto('/_mfa/account');
      await seesPage(other, /\/sign-in$/);
      await leave(other);
    });

    test('removes an app after a confirmation that leads back to it', async () => {
      clock.advance(longSeconds);
      await opensAccount(dan);
      await press(dan, 'li:has-text("Tablet") a');
      const here = new URL(dan.page.url()).pathname;
      await press(dan, 'form:has([value=remove]) button');
      await stepUp(dan, secret);
      assert.equal(new URL(dan.page.url()).pathname, here);
      await press(dan, 'form:has([value=remove]) button');

      await says(dan, /It was removed/);
      const left = dan.page.locator('a[href*="/account/authenticators/"]');
      assert.equal(await left.count(), 1);
    });

    test('says why the last one stays, and leads to switching the second step off', async () => {
      await press(dan, 'li:has-text("Phone") a');
      assert.equal(await dan.page.locator('form:has([value=remove])').count(), 0);
      await says(dan, /This is your whole second step/);

      await press(dan, 'a[href$="/account/disable-mfa"]');
      await seesPage(dan, /\/account\/disable-mfa$/);
    });

    test('changes the password after a confirmation', async () => {
      clock.advance(longSeconds);
      await opensAccount(dan);
      await press(dan, 'a[href$="/account/password"]');
      await stepUp(dan, secret);
      await seesPage(dan, /\/account\/password$/);
      await dan.page.fill('[name=password]', dan.person.password);
      await dan.page.fill('[name=new_password]', nextPassword);
      await dan.page.fill('[name=new_password_again]', `${nextPassword}8`);
      await press(dan, 'form:has([name=password]) button');
      assert.match(await dan.page.innerText('[role=alert]'), /not the same/);
      await dan.page.fill('[name=password]', dan.person.password);
      await dan.page.fill('[name=new_password]', nextPassword);
      await dan.page.fill('[name=new_password_again]', nextPassword);
      await press(dan, 'form:has([name=password]) button');

      await seesPage(dan, /\/account$/);
      await says(dan, /Your password was changed/);
    });

    test('switches the second step off by password and recovery code', async () => {
      await press(dan, 'a[href$="/account/disable-mfa"]');
      await press(dan, 'a[href*="method=recovery-code"]');
      await dan.page.fill('[name=password]', nextPassword);
      await dan.page.fill('[name=recovery_code]', codes[0] ?? '');
      await press(dan, 'form:has([name=password]) button');

      await seesPage(dan, /\/account$/);
      await says(dan, /The second step is switched off/);
      await says(dan, /Nothing is set up yet/);
      await says(dan, /Second step switched off/);
    });

    test('offers none of it to somebody whom the policy obliges', async () => {
      const ben = await newVisit('ben');
      await signIn(ben);
      await enrollTotp(ben);
      await storeRecoveryCodes(ben);
      await opensAccount(ben);
      assert.equal(await ben.page.locator('a[href$="/account/disable-mfa"]').count(), 0);

      await press(ben, 'a[href*="/account/authenticators/"]');
      await says(ben, /Add another one first/);
      assert.equal(await ben.page.locator('form:has([value=remove])').count(), 0);
    });
  });
}
