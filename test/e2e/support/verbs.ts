/**
 * What a person does at the gate, in a real browser. Each verb ends on the page that comes next.
 *
 * With scripts on, a code field sends its form on the last digit; with scripts off, the button is
 * pressed. The clock is the test's: every code comes from a time step of its own.
 */

import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import type { DemoPerson } from '../../../src/demo/demo-people.ts';
import { assertAccessible, keepScreenshot, openWindow } from '../../support/browser.ts';
import type { FixedClock } from '../../support/fixed-clock.ts';
import { nextCode } from '../../support/http-verbs.ts';

/** Somebody in front of a browser window. */
export interface Visit {
  readonly page: Page;
  readonly person: DemoPerson;
  readonly clock: FixedClock;
  readonly scripts: 'on' | 'off';
}

/** Opens a window of its own for somebody. */
export async function visitAs(
  person: DemoPerson,
  options: {
    readonly browser: Browser;
    readonly origin: string;
    readonly clock: FixedClock;
    readonly scripts?: 'on' | 'off';
  },
): Promise<Visit> {
  const { browser, origin, clock, scripts = 'on' } = options;
  const window = await openWindow(browser, {
    baseURL: origin,
    javaScriptEnabled: scripts === 'on',
  });
  return { page: await window.newPage(), person, clock, scripts };
}

/** Closes the window, as somebody does who goes away. */
export async function leave(visit: Visit): Promise<void> {
  await visit.page.context().close();
}

/** Pages that were looked at closely already; once in each manner is enough. */
const known = new Set<string>();

/** Looks at the page: where it is, and on first sight whether everybody can use it. */
export async function seesPage(visit: Visit, path: RegExp): Promise<void> {
  const { page, scripts } = visit;
  const { pathname } = new URL(page.url());
  assert.match(pathname, path, `on ${page.url()}:\n${await page.locator('body').innerText()}`);
  const name = `${pathname.replaceAll('/', '-').replace(/^-+/, '')}-scripts-${scripts}`;
  if (known.has(name)) return;
  known.add(name);
  await keepScreenshot(page, name);
  if (scripts === 'on') await assertAccessible(page);
}

/** Types name and password on the sign-in page. */
export async function signIn(visit: Visit): Promise<void> {
  await seesPage(visit, /\/sign-in$/);
  await visit.page.fill('[name=username]', visit.person.username);
  await visit.page.fill('[name=password]', visit.person.password);
  await press(visit, 'form:has([name=password]) button');
}

/** Goes from the enrollment page to a working authenticator app; the answer is its secret. */
export async function enrollTotp(visit: Visit): Promise<string> {
  await seesPage(visit, /\/enroll$/);
  await press(visit, 'a.primary, a[href*="/enroll/totp"]');
  await seesPage(visit, /\/enroll\/totp$/);
  const secret = await visit.page.getAttribute('[data-totp-secret]', 'data-totp-secret');
  assert.ok(secret !== null, 'the secret can be typed into an app');
  await typeCode(visit, nextCode(visit.clock, secret));
  return secret;
}

/** Says that the recovery codes are stored, and goes on; the answer is the codes. */
export async function storeRecoveryCodes(visit: Visit): Promise<readonly string[]> {
  await seesPage(visit, /\/recovery-codes$/);
  const codes = await visit.page.locator('[data-recovery-code]').allInnerTexts();
  await visit.page.check('[name=stored]');
  await press(visit, 'form:has([name=stored]) button');
  return codes;
}

/** Answers the second-factor page with the app's code. */
export async function answerChallenge(visit: Visit, secret: string): Promise<void> {
  await seesPage(visit, /\/challenge$/);
  await typeCode(visit, nextCode(visit.clock, secret));
}

/** Confirms with password and code. */
export async function stepUp(visit: Visit, secret: string): Promise<void> {
  await seesPage(visit, /\/step-up$/);
  await visit.page.fill('[name=password]', visit.person.password);
  await typeCode(visit, nextCode(visit.clock, secret));
}

/** Types a code into the page's code field and sends it. */
export async function typeCode(visit: Visit, code: string): Promise<void> {
  if (visit.scripts === 'off') {
    await visit.page.fill('[name=code]', code);
    return press(visit, 'form:has([name=code]) button');
  }
  await andThenPage(visit.page, () => visit.page.fill('[name=code]', code));
}

/** Presses a button or link and waits for the page that comes. */
export async function press(visit: Visit, selector: string): Promise<void> {
  await andThenPage(visit.page, () => visit.page.locator(selector).first().click());
}

async function andThenPage(page: Page, act: () => Promise<void>): Promise<void> {
  const loaded = page.waitForEvent('load');
  await Promise.all([loaded, act()]);
}

/** Something that passkeys are kept on. */
export interface Keyring {
  /** Whether its owner touches it, or looks at it, when it asks. */
  respond(doesRespond: boolean): Promise<void>;
  /** Whether it would know its owner. */
  recognise(doesRecognise: boolean): Promise<void>;
  /** How many passkeys are on it. */
  count(): Promise<number>;
  unplug(): Promise<void>;
}

/** What passkeys are kept on: what it is plugged in by, and whether it can know its owner. */
const keyrings = {
  /** The screen lock of a laptop. */
  laptop: { transport: 'internal', isPersonal: true },
  /** A laptop without a screen lock: whoever sits at it presses a button. */
  'open-laptop': { transport: 'internal', isPersonal: false },
  /** A security key with a PIN. */
  'pin-key': { transport: 'usb', isPersonal: true },
  /** A security key that is only touched. */
  'touch-key': { transport: 'usb', isPersonal: false },
} as const;

/** Gives the browser window something to keep passkeys on. */
export async function plugIn(visit: Visit, kind: keyof typeof keyrings): Promise<Keyring> {
  const cdp = await visit.page.context().newCDPSession(visit.page);
  const { transport, isPersonal } = keyrings[kind];
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport,
      hasResidentKey: isPersonal,
      hasUserVerification: isPersonal,
      isUserVerified: isPersonal,
      automaticPresenceSimulation: true,
    },
  });
  return {
    async respond(enabled) {
      await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
    },
    async recognise(isUserVerified) {
      await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
    async count() {
      const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
      return credentials.length;
    },
    async unplug() {
      await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
    },
  };
}

/** Sets up a passkey on the page for it, under a name or the one that is suggested. */
export async function enrollPasskey(visit: Visit, name?: string): Promise<void> {
  await seesPage(visit, /\/enroll\/passkey$/);
  if (name !== undefined) await visit.page.fill('[name=name]', name);
  assert.notEqual(await visit.page.inputValue('[name=name]'), '', 'a name is suggested');
  await usePasskey(visit);
}

/** Presses the button that asks for a passkey. */
export async function usePasskey(visit: Visit): Promise<void> {
  await press(visit, '[data-passkey-button]');
}

/** Signs out, as somebody does who comes back later. */
export async function signOut(visit: Visit): Promise<void> {
  await visit.page.goto('/_mfa/sign-out');
  await press(visit, 'form[action$="/sign-out"] button');
}
