/**
 * Debian's Chromium, driven by playwright-core, and what the browser tests ask of every page.
 *
 * The browser reaches loopback only: whatever a page would fetch from elsewhere fails the test
 * that opened it.
 */

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import axe from 'axe-core';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core';

/** Where screenshots are kept for a person to look at. */
const screenshotFolder = path.join(tmpdir(), 'sallyport-screenshots');

/** Starts the browser; the caller closes it. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    // Chromium's own sandbox refuses to run as root, and containers have a small /dev/shm. Only
    // our own pages are opened here.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
}

/** A person's browser window of its own: no cookies, nothing shared with others. */
export async function openWindow(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(15_000);
  await context.route(
    (url) => !['localhost', '127.0.0.1'].includes(url.hostname) && !isExampleHost(url.hostname),
    (route) => {
      const url = route.request().url();
      return route.abort('blockedbyclient').then(() => assert.fail(`the page asked for ${url}`));
    },
  );
  return context;
}

/** Asserts that axe finds nothing wrong with a page by the rules of WCAG 2.2 A and AA. */
export async function assertAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const violations = await page.evaluate<readonly string[]>(`
    axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
      .then((found) => found.violations.flatMap((violation) => violation.nodes.map(
        (node) => violation.id + ': ' + violation.help + ' at ' + node.target.join(' '))))`);
  assert.deepEqual(violations, [], `axe on ${page.url()}`);
}

/** Keeps a picture of the page as it stands. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  await mkdir(screenshotFolder, { recursive: true });
  await page.screenshot({ path: path.join(screenshotFolder, `${name}.png`), fullPage: true });
}

/** Names that a test resolves to loopback (RFC 2606). */
function isExampleHost(hostname: string): boolean {
  return hostname.endsWith('.test') || hostname.endsWith('.localhost');
}
