/** Coming back: the second factor, what is said when it goes wrong, recovery codes, signing out. */

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
  press,
  seesPage,
  signIn,
  storeRecoveryCodes,
  typeCode,
  visitAs,
  type Visit,
} from './support/verbs.ts';

describe('a return visit', () => {
  const clock = fixedClock();
  let demo: Demo;
  let browser: Browser;
  let secret = '';
  let codes: readonly string[] = [];

  const newVisit = async (): Promise<Visit> => {
    const ben = demo.people.find(({ username }) => username === 'ben');
    assert.ok(ben);
    return visitAs(ben, { browser, origin: demo.url, clock });
  };

  const signedIn = async (path: string): Promise<Visit> => {
    const visit = await newVisit();
    await visit.page.goto(path);
    await signIn(visit);
    return visit;
  };

  before(async () => {
    demo = await startDemo({ clock, log: quietLog, port: 0 });
    browser = await startBrowser();
    const first = await signedIn('/console/');
    secret = await enrollTotp(first);
    codes = await storeRecoveryCodes(first);
    await first.page.context().close();
  });

  after(async () => {
    await browser.close();
    await demo.close();
  });

  test('asks for the code and lands on the page first asked for', async () => {
    const visit = await signedIn('/console/users/3?tab=mail');
    await answerChallenge(visit, secret);

    assert.equal(visit.page.url(), `${demo.url}/console/users/3?tab=mail`);
  });

  test('says that a code did not match, and takes the right one afterwards', async () => {
    const visit = await signedIn('/console/users');
    await typeCode(visit, '000000');
    await seesPage(visit, /\/challenge$/);
    assert.match(await visit.page.innerText('[role=alert]'), /did not match/);

    await answerChallenge(visit, secret);
    assert.equal(visit.page.url(), `${demo.url}/console/users`);
  });

  test('says that a code was already used', async () => {
    const code = nextCode(clock, secret);
    const first = await signedIn('/console/users');
    await typeCode(first, code);
    assert.equal(first.page.url(), `${demo.url}/console/users`);

    const second = await signedIn('/console/users');
    await typeCode(second, code);
    await seesPage(second, /\/challenge$/);
    assert.match(await second.page.innerText('[role=alert]'), /already used/);
  });

  test('takes a recovery code in place of the app, once', async () => {
    const [code = ''] = codes;
    const visit = await signedIn('/console/users/4');
    await press(visit, 'a[href*="/challenge/recovery-code"]');
    await seesPage(visit, /\/challenge\/recovery-code$/);
    await visit.page.fill('[name=recovery_code]', code);
    await press(visit, 'form:has([name=recovery_code]) button');
    await seesPage(visit, /\/lost-authenticator$/);
    await press(visit, 'a.button.primary');
    assert.equal(new URL(visit.page.url()).pathname, '/console/users/4');

    const again = await signedIn('/console/users/4');
    await press(again, 'a[href*="/challenge/recovery-code"]');
    await again.page.fill('[name=recovery_code]', code);
    await press(again, 'form:has([name=recovery_code]) button');
    await seesPage(again, /\/challenge\/recovery-code$/);
  });

  test('ends where the person signs out, and the next page asks again', async () => {
    const visit = await signedIn('/console/users');
    await answerChallenge(visit, secret);
    await visit.page.goto('/_mfa/account');
    await seesPage(visit, /\/account$/);
    await visit.page.goto('/_mfa/sign-out');
    await press(visit, 'form[action$="/sign-out"] button');
    await seesPage(visit, /\/sign-out$/);

    await visit.page.goto('/console/users');
    await seesPage(visit, /\/sign-in$/);
  });

  test('asks for the password again after half an hour of doing nothing', async () => {
    const visit = await signedIn('/console/users');
    await answerChallenge(visit, secret);
    clock.advance(31 * 60);
    await visit.page.goto('/console/users');

    await seesPage(visit, /\/sign-in$/);
  });

  test('never tells which half of a sign-in was wrong', async () => {
    const visit = await newVisit();
    const { page } = visit;
    const answers: string[] = [];
    for (const [username, password] of [
      ['ben', 'not the password'],
      ['nobody-by-this-name', visit.person.password],
    ] as const) {
      await page.goto('/_mfa/sign-in');
      await page.fill('[name=username]', username);
      await page.fill('[name=password]', password);
      await press(visit, 'form:has([name=password]) button');
      answers.push(await page.innerText('[role=alert]'));
    }

    assert.equal(answers[0], answers[1]);
    await seesPage(visit, /\/sign-in$/);
  });
});
