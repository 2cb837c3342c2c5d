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
  enrollPasskey,
  enrollTotp,
  leave,
  plugIn,
  press,
  seesPage,
  signIn,
  signOut,
  stepUp,
  storeRecoveryCodes,
  typeCode,
  usePasskey,
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

/** Adds an app on the page for it. */
async function addApp(visit: Visit, name: string): Promise<void> {
  await seesPage(visit, /\/enroll\/totp$/);
  const secret = await visit.page.getAttribute('[data-totp-secret]', 'data-totp-secret');
  await visit.page.fill('[name=name]', name);
  await typeCode(visit, nextCode(visit.clock, secret ?? ''));
  await seesPage(visit, /\/account$/);
  await says(visit, new RegExp(name));
}

/** Gives themselves the next password on the page for it. */
async function changePassword(visit: Visit): Promise<void> {
  await seesPage(visit, /\/account\/password$/);
  await visit.page.fill('[name=password]', visit.person.password);
  await visit.page.fill('[name=new_password]', nextPassword);
  await visit.page.fill('[name=new_password_again]', nextPassword);
  await press(visit, 'form:has([name=password]) button');
  await seesPage(visit, /\/account$/);
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
      await addApp(dan, 'Tablet');
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
      await changePassword(dan);
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

    describe('of ben, whom the policy obliges', () => {
      let ben: Visit;
      let bensSecret = '';

      before(async () => {
        ben = await newVisit('ben');
        await signIn(ben);
        bensSecret = await enrollTotp(ben);
        await storeRecoveryCodes(ben);
      });

      after(() => leave(ben));

      const staysWithOneApp = async (): Promise<void> => {
        await opensAccount(ben);
        assert.equal(await ben.page.locator('a[href$="/account/disable-mfa"]').count(), 0);
        await press(ben, 'a[href*="/account/authenticators/"]');
        await says(ben, /Add another one first/);
        assert.equal(await ben.page.locator('form:has([value=remove])').count(), 0);
      };

      test('offers neither to remove the only app nor to switch it off', staysWithOneApp);

      test('lets one of two apps go, and keeps the last', async () => {
        await opensAccount(ben);
        await press(ben, 'a[href$="/enroll/totp"]');
        await addApp(ben, 'Tablet');
        clock.advance(longSeconds);
        await opensAccount(ben);
        await press(ben, 'li:has-text("Tablet") a');
        await press(ben, 'form:has([value=remove]) button');
        await stepUp(ben, bensSecret);
        await press(ben, 'form:has([value=remove]) button');

        await says(ben, /It was removed/);
        await staysWithOneApp();
      });

      test('changes the password after a confirmation; the app goes on', async () => {
        clock.advance(longSeconds);
        await opensAccount(ben);
        await press(ben, 'a[href$="/account/password"]');
        await stepUp(ben, bensSecret);
        await changePassword(ben);

        await says(ben, /Your password was changed/);
        const { username } = ben.person;
        const again = await newVisit(username);
        await signIn({ ...again, person: { ...ben.person, password: nextPassword } });
        await answerChallenge(again, bensSecret);
        await seesPage(again, /\/account$/);
        await leave(again);
      });
    });
  });
}

// A passkey is the one thing that needs scripts.
describe('the account of chloe, who has an app and a passkey', () => {
  const clock = fixedClock();
  let demo: Demo;
  let browser: Browser;

  before(async () => {
    demo = await startDemo({ clock, log: quietLog, port: 0 });
    browser = await startBrowser();
  });

  after(async () => {
    await browser.close();
    await demo.close();
  });

  test('lets the app go; the passkey is enough from then on', async () => {
    const person = demo.people.find(({ username }) => username === 'chloe');
    assert.ok(person);
    const chloe = await visitAs(person, { browser, origin: demo.url, clock });
    const { page } = chloe;
    await plugIn(chloe, 'touch-key');
    await page.goto('/_mfa/account');
    await signIn(chloe);
    await press(chloe, 'a[href$="/enroll"]');
    await enrollTotp(chloe);
    await storeRecoveryCodes(chloe);
    await page.goto('/_mfa/enroll/passkey');
    await enrollPasskey(chloe, 'Blue key');

    clock.advance(longSeconds);
    await opensAccount(chloe);
    await press(chloe, 'li:has-text("Authenticator app") a');
    await press(chloe, 'form:has([value=remove]) button');
    await seesPage(chloe, /\/step-up$/);
    await usePasskey(chloe);
    await page.fill('[name=password]', person.password);
    await usePasskey(chloe);
    await press(chloe, 'form:has([value=remove]) button');
    await says(chloe, /It was removed/);

    await signOut(chloe);
    await page.goto('/console/users/3');
    await signIn(chloe);
    await seesPage(chloe, /\/challenge$/);
    assert.equal(await page.locator('a[href*="method=totp"]').count(), 0);
    await usePasskey(chloe);
    assert.equal(page.url(), `${demo.url}/console/users/3`);
  });
});
