/** A browser that its owner trusts, in a real one: for the tiers that may, and nobody else. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startDemo, type Demo } from '../../src/cli/start-demo.ts';
import { keepScreenshot, startBrowser } from '../support/browser.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { nextCode } from '../support/http-verbs.ts';
import { quietLog } from '../support/quiet-log.ts';
import {
  answerChallenge,
  leave,
  press,
  signIn,
  storeRecoveryCodes,
  typeCode,
  visitAs,
  type Visit,
} from './support/verbs.ts';

const pathOf = ({ page }: Visit): string => new URL(page.url()).pathname;

async function signOut(visit: Visit): Promise<void> {
  await visit.page.goto('/_mfa/sign-out');
  await press(visit, 'form[action$="/sign-out"] button');
}

describe('a trusted browser', () => {
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

  const newVisit = async (username: string, scripts: 'on' | 'off' = 'on'): Promise<Visit> => {
    const person = demo.people.find((known) => known.username === username);
    assert.ok(person);
    return visitAs(person, { browser, origin: demo.url, clock, scripts });
  };

  /** Sets up an app for somebody, in a window that is closed then; the answer is its secret. */
  async function enrolled(username: string): Promise<string> {
    const visit = await newVisit(username);
    await visit.page.goto('/_mfa/sign-in');
    await signIn(visit);
    await visit.page.goto('/_mfa/enroll/totp');
    const secret = await visit.page.getAttribute('[data-totp-secret]', 'data-totp-secret');
    assert.ok(secret !== null);
    await typeCode(visit, nextCode(clock, secret));
    await storeRecoveryCodes(visit);
    await leave(visit);
    return secret;
  }

  for (const [username, scripts] of [
    ['chloe', 'on'],
    ['dan', 'off'],
  ] as const) {
    test(`of ${username} is not asked again, with scripts ${scripts}; another browser is`, async () => {
      const secret = await enrolled(username);
      const visit = await newVisit(username, scripts);
      await visit.page.goto('/_mfa/sign-in');
      await signIn(visit);
      await keepScreenshot(visit.page, `trust-offer-${username}`);
      await visit.page.check('[name=trust_device]');
      await answerChallenge(visit, secret);
      assert.equal(pathOf(visit), '/_mfa/account');
      assert.equal(await visit.page.locator('form:has([name=device])').count(), 1);
      await signOut(visit);

      await visit.page.goto('/_mfa/sign-in');
      await signIn(visit);
      assert.equal(pathOf(visit), '/_mfa/account');

      const elsewhere = await newVisit(username);
      await elsewhere.page.goto('/_mfa/sign-in');
      await signIn(elsewhere);
      assert.equal(pathOf(elsewhere), '/_mfa/challenge');
      await leave(elsewhere);

      await press(visit, 'form:has([name=device]) button');
      // The session there rested on it.
      assert.equal(pathOf(visit), '/_mfa/sign-out');
      await visit.page.goto('/_mfa/sign-in');
      await signIn(visit);
      assert.equal(pathOf(visit), '/_mfa/challenge');
      await leave(visit);
    });
  }

  test('is not offered to ben, who is in a tier that may not trust any', async () => {
    await enrolled('ben');
    const visit = await newVisit('ben');
    await visit.page.goto('/_mfa/sign-in');
    await signIn(visit);
    assert.equal(pathOf(visit), '/_mfa/challenge');
    assert.equal(await visit.page.locator('[name=trust_device]').count(), 0);
    await leave(visit);
  });
});
