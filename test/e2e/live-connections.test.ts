/** What stays open: a WebSocket, an event stream and streamed tokens, through the gate. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startDemo, type Demo } from '../../src/cli/start-demo.ts';
import { startBrowser } from '../support/browser.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { quietLog } from '../support/quiet-log.ts';
import {
  enrollTotp,
  press,
  signIn,
  storeRecoveryCodes,
  visitAs,
  type Visit,
} from './support/verbs.ts';

describe('live connections', () => {
  const clock = fixedClock();
  let demo: Demo;
  let browser: Browser;
  let visit: Visit;

  before(async () => {
    demo = await startDemo({ clock, log: quietLog, port: 0 });
    browser = await startBrowser();
    const chloe = demo.people.find(({ username }) => username === 'chloe');
    assert.ok(chloe);
    visit = await visitAs(chloe, { browser, origin: demo.url, clock });
    await visit.page.goto('/console/terminal');
    await signIn(visit);
    await enrollTotp(visit);
    await storeRecoveryCodes(visit);
  });

  after(async () => {
    await browser.close();
    await demo.close();
  });

  test('carry a WebSocket with the name of who opened it', async () => {
    const { page } = visit;
    await page.goto('/console/terminal');
    await page.locator('#terminal').getByText('Welcome, chloe').waitFor();
    await page.fill('#line', 'whoami');
    await page.press('#line', 'Enter');

    await page.locator('#terminal').getByText('> whoami\nchloe').waitFor();
  });

  test('carry an event stream as it happens', async () => {
    const { page } = visit;
    await page.goto('/console/log');

    await page.locator('#log').getByText('[chloe] gpu-a1').waitFor();
    assert.equal(await page.innerText('#state'), 'connected');
  });

  test('carry streamed tokens one by one', async () => {
    // The pauses between tokens are the model server's; one that collected the answer would hand
    // it over in one piece.
    const pieces = await visit.page.evaluate<number>(`(async () => {
      const body = JSON.stringify({
        model: 'sallyport-parrot', stream: true, messages: [{ role: 'user', content: 'hello' }],
      });
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch('/v1/chat/completions', { method: 'POST', headers, body });
      const reader = answer.body.getReader();
      let pieces = 0;
      while (!(await reader.read()).done) pieces += 1;
      return pieces;
    })()`);

    assert.ok(pieces > 10, `the answer came in ${pieces} pieces`);
  });

  test('are closed when their person signs out everywhere', async () => {
    const { page } = visit;
    await page.goto('/console/terminal');
    await page.locator('#terminal').getByText('Welcome, chloe').waitFor();

    const other = await page.context().newPage();
    await other.goto('/_mfa/account');
    await press({ ...visit, page: other }, 'form:has([value=sign-out-everywhere]) button');

    await page.locator('#state').getByText('disconnected').waitFor();
  });
});
