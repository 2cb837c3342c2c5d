/** A tenant demands a second factor: what somebody in grace sees of it in a browser, to its end. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startDemo, type Demo } from '../../src/cli/start-demo.ts';
import { tools } from '../../src/cli/tools.ts';
import { loadConfig } from '../../src/config/load.ts';
import { setTenant } from '../../src/flows/admin/tenants.ts';
import { assertAccessible, keepScreenshot, startBrowser } from '../support/browser.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { quietLog } from '../support/quiet-log.ts';
import {
  enrollTotp,
  leave,
  press,
  seesPage,
  signIn,
  storeRecoveryCodes,
  visitAs,
  type Visit,
} from './support/verbs.ts';

const hourSeconds = 3600;

for (const scripts of ['on', 'off'] as const) {
  describe(`somebody in grace, with scripts ${scripts}`, () => {
    const clock = fixedClock();
    let demo: Demo;
    let browser: Browser;

    before(async () => {
      demo = await startDemo({ clock, log: quietLog, port: 0 });
      browser = await startBrowser();
      clock.advance(1);
      // As another process does it: `sallyport tenant set default …`.
      const config = loadConfig(demo.configFile, {
        environment: {},
        upstreams: 'required',
        port: null,
      });
      const { flows, ...administration } = await tools.openForAdministration(config);
      const settings = { isMfaRequired: true, gracePeriodDays: 5 };
      const answer = await setTenant({ ...flows, clock }, { name: 'default', settings });
      await administration.close();
      assert.ok(answer.ok);
    });
    after(async () => {
      await browser.close();
      await demo.close();
    });

    const visitBy = async (username: string): Promise<Visit> => {
      const person = demo.people.find((known) => known.username === username);
      assert.ok(person);
      return visitAs(person, { browser, origin: demo.url, clock, scripts });
    };

    test('dan is told once, goes on, sees the days on our pages, and sets up before they end', async () => {
      const visit = await visitBy('dan');
      const { page } = visit;
      await page.goto('/console/bulletin?week=48');
      await signIn(visit);
      await seesPage(visit, /\/reminder$/);
      assert.match(await page.innerText('main'), /You have 5 days left to set up a second step/);
      await page.setViewportSize({ width: 320, height: 640 });
      await looksRight(visit, 'reminder');
      await press(visit, 'form:has([name=action]) button');
      assert.equal(page.url(), `${demo.url}/console/bulletin?week=48`);
      await page.goto('/console/bulletin');
      assert.equal(page.url(), `${demo.url}/console/bulletin`);

      await page.goto('/_mfa/account');
      assert.match(await page.innerText('main'), /You have 5 days left/);
      await looksRight(visit, 'account-in-grace');
      await press(visit, '.notice a');
      await enrollTotp(visit);
      await storeRecoveryCodes(visit);
      await page.goto('/_mfa/account');
      assert.doesNotMatch(await page.innerText('main'), /left to set up/);
      await leave(visit);
    });

    test('chloe puts it off until it is over; then nothing opens before she has enrolled', async () => {
      const visit = await visitBy('chloe');
      const { page } = visit;
      await page.goto('/console/bulletin');
      await signIn(visit);
      await press(visit, 'form:has([name=action]) button');
      assert.equal(page.url(), `${demo.url}/console/bulletin`);
      clock.advance(5 * 24 * hourSeconds);

      await page.goto('/console/bulletin');
      await signIn(visit);
      await seesPage(visit, /\/enroll$/);
      await page.goto('/_mfa/account');
      await enrollTotp(visit);
      await storeRecoveryCodes(visit);
      await page.goto('/console/bulletin');
      assert.equal(page.url(), `${demo.url}/console/bulletin`);
      await leave(visit);
    });

    test('anna, who administers, has no grace', async () => {
      const visit = await visitBy('anna');
      await visit.page.goto('/console/bulletin');
      await signIn(visit);
      await seesPage(visit, /\/enroll$/);
      await leave(visit);
    });
  });
}

/** Looks at the page in light and in dark, and that nothing is cut off at its side. */
async function looksRight({ page, scripts }: Visit, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await keepScreenshot(page, `${name}-${colorScheme}-scripts-${scripts}`);
    if (scripts === 'on') await assertAccessible(page);
  }
  if (scripts === 'off') return;
  const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
  assert.ok(Number(overflow) <= 0, `${name} is ${String(overflow)} px too wide`);
}
