/**
 * A reset in Chromium, from asking to the new app, by three people and without scripts where they
 * ask and approve; and that the browser tells nobody the address of the one-time link (G8, G9).
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { assertAccessible, keepScreenshot, startBrowser } from '../support/browser.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { passwordOf, startGateway, type TestGateway } from '../support/start-gateway.ts';
import {
  enrollTotp,
  press,
  seesPage,
  signIn,
  stepUp,
  storeRecoveryCodes,
  visitAs,
  type Visit,
} from './support/verbs.ts';

describe('a reset', () => {
  const clock = fixedClock();
  let gateway: TestGateway;
  let browser: Browser;

  before(async () => {
    gateway = await startGateway({
      clock,
      settings: {
        administration: { admins: ['ADMINS'], managers: ['MANAGERS'] },
        // Nobody is obliged to anything by their tier.
        policy: { tiers: { TIER2: ['PROJECT-OWNERS'] } },
        routes: [],
      },
    });
    browser = await startBrowser();
    await gateway.addUser({ username: 'ada', groups: ['ADMINS', 'AI-PLATFORM-ADMINS'] });
    await gateway.addUser({ username: 'max', groups: ['MANAGERS'] });
    await gateway.addUser({ username: 'anna', groups: [] });
  });

  after(async () => {
    await browser.close();
    await gateway.close();
  });

  const visit = (username: string, scripts: 'on' | 'off'): Promise<Visit> => {
    const person = { username, displayName: username, tier: 'TIER3', groups: [] } as const;
    const known = { ...person, password: passwordOf(username) } as unknown as Visit['person'];
    return visitAs(known, { browser, origin: gateway.origin, clock, scripts });
  };

  /** Somebody at a page of the administration, with an app and a fresh proof. */
  async function administers(username: string): Promise<Visit> {
    const at = await visit(username, 'off');
    await at.page.goto('/_mfa/admin/resets');
    await signIn(at);
    const secret = await enrollTotp(at);
    await storeRecoveryCodes(at);
    await stepUp(at, secret);
    await seesPage(at, /\/admin\/resets$/);
    return at;
  }

  test('goes through three hands, and its link through none but the person’s', async () => {
    const ada = await administers('ada');
    const max = await administers('max');
    const user = await gateway.composition.flows.stores.users.findByUsername('anna');
    await ada.page.goto(`/_mfa/admin/users/${user?.id ?? ''}`);
    await press(ada, 'a[href$="/reset"]');
    await ada.page.fill('[name=reason]', 'phone lost');
    await ada.page.fill('[name=ticket]', 'OPS-7');
    await ada.page.selectOption('[name=proofing_0_kind]', 'id-document');
    await ada.page.fill('[name=proofing_0_reference]', 'HR-2231');
    await ada.page.selectOption('[name=proofing_1_kind]', 'call-back');
    await ada.page.fill('[name=proofing_1_reference]', '+27 21 555 0199');
    await press(ada, 'form:has([name=reason]) button.primary');
    assert.match(await ada.page.innerText('[role=status]'), /The reset is asked for/);
    const { pathname } = new URL(ada.page.url());

    await max.page.goto('/_mfa/admin/resets');
    await press(max, 'a:has-text("anna")');
    assert.equal(new URL(max.page.url()).pathname, pathname);
    await press(max, 'form:has([value=approve]) button.primary');
    assert.match(await max.page.innerText('[aria-current=step]'), /Ready/);

    await ada.page.goto(pathname);
    await press(ada, 'form:has([value=execute]) button');
    const link = await ada.page.locator('input[value*="/link/"]').inputValue();

    const anna = await visit('anna', 'on');
    const told: string[] = [];
    anna.page.on('request', (request) => {
      void request.allHeaders().then(({ referer = '' }) => told.push(referer));
    });
    await anna.page.goto('/_mfa/account');
    await signIn(anna);
    await anna.page.goto('/_mfa/enroll');
    assert.match(await anna.page.innerText('h1'), /Your second step was reset/);
    await assertAccessible(anna.page);
    await keepScreenshot(anna.page, 'enroll-guarded');

    await anna.page.goto(link);
    await assertAccessible(anna.page);
    await keepScreenshot(anna.page, 'link-enroll-again');
    await anna.page.fill('[name=username]', 'anna');
    await anna.page.fill('[name=password]', passwordOf('anna'));
    await press(anna, 'button.primary');
    await enrollTotp(anna);
    await storeRecoveryCodes(anna);
    await anna.page.goto('/_mfa/account');
    await seesPage(anna, /\/account$/);

    assert.ok(told.length > 5);
    assert.ok(!told.some((referer) => referer.includes('/link/')), told.join('\n'));
    await anna.page.goto(link);
    assert.match(await anna.page.innerText('h1'), /This link does not work/);
  });
});
