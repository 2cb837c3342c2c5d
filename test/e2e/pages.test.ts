/**
 * Every page in every state, in a real browser under the real policy: nothing for axe to find, no
 * sideways scrolling at 320 px, targets that a finger hits, nothing that the policy blocks; and
 * what the two small scripts promise.
 */

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, before, describe, test } from 'node:test';
import axe, { type RunOptions } from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { createRenderer } from '../../src/web/render.ts';
import { securityHeaders } from '../../src/web/security-headers.ts';
import { openWindow, startBrowser } from '../support/browser.ts';
import { listening } from '../support/listening.ts';
import { samplePages } from '../support/sample-pages.ts';

const { render, assets, words } = createRenderer();
const samples = await samplePages(words);
const ofAdministration = [...samples.keys()].filter((name) => name.startsWith('admin-'));
const ofEverybody = [...samples.keys()].filter((name) => !ofAdministration.includes(name));

/** Serves the samples as `/<name>` and keeps what is posted. */
function samplesServer(posted: string[]): Server {
  return createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://samples');
    const name = pathname.replace(/^.*\//, '');
    const asset = assets.get(name);
    const sample = samples.get(name);
    if (request.method === 'POST') {
      request.on('data', (part: Buffer) => posted.push(part.toString()));
      request.on('end', () => response.setHeader('Content-Type', 'text/html').end('<p>Done.'));
    } else if (asset !== undefined) {
      response.setHeader('Content-Type', asset.contentType).end(asset.body);
    } else if (sample !== undefined) {
      const site = { portalOrigin: `http://${request.headers.host ?? ''}`, formTargets: [] };
      for (const [header, value] of Object.entries(securityHeaders(site, sample.frame.nonce))) {
        response.setHeader(header, value);
      }
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(render(sample.page, sample.frame));
    } else {
      response.writeHead(404).end();
    }
  });
}

describe('pages', () => {
  const posted: string[] = [];
  const server = samplesServer(posted);
  let browser: Browser;
  let origin: string;

  before(async () => {
    ({ origin } = await listening(server));
    browser = await startBrowser();
  });

  after(async () => {
    await browser.close();
    server.close();
  });

  /** Runs something with a page that fails when the browser blocks or misses anything. */
  async function withPage(
    options: BrowserContextOptions,
    use: (page: Page, open: (name: string) => Promise<unknown>) => Promise<void>,
  ): Promise<void> {
    const window = await openWindow(browser, { viewport: { width: 320, height: 640 }, ...options });
    const page = await window.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(`${page.url()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => complaints.push(`${page.url()}: ${String(error)}`));
    await use(page, (name) => page.goto(`${origin}/${name}`));
    assert.deepEqual(complaints, []);
    await window.close();
  }

  test('give axe nothing to find, fit 320 px and are easily hit', async () => {
    await withPage({ colorScheme: 'light' }, async (page, open) => {
      for (const name of ofEverybody) {
        await open(name);
        assert.deepEqual(await faultsByAxe(page, {}), [], name);
        assert.deepEqual(await sizes(page, everyTarget), { width: 320, tooSmall: [] }, name);
      }
    });
  });

  // Dense for a mouse, and grown where a finger points; links in lists keep their distance.
  test('of the administration do so too, on a telephone', async () => {
    await withPage({ colorScheme: 'light', hasTouch: true, isMobile: true }, async (page, open) => {
      for (const name of ofAdministration) {
        await open(name);
        const rules = { 'target-size': { enabled: true } };
        assert.deepEqual(await faultsByAxe(page, { rules }), [], name);
        assert.deepEqual(await sizes(page, everyControl), { width: 320, tooSmall: [] }, name);
      }
    });
  });

  test('have contrast in the dark too', async () => {
    await withPage({ colorScheme: 'dark' }, async (page, open) => {
      for (const name of samples.keys()) {
        await open(name);
        assert.deepEqual(await faultsByAxe(page, { runOnly: ['color-contrast'] }), [], name);
      }
    });
  });

  test('send a pasted code once, without its blanks', async () => {
    await withPage({ permissions: ['clipboard-read', 'clipboard-write'] }, async (page, open) => {
      await open('challenge');
      await page.evaluate(`navigator.clipboard.writeText(' 123 456 ')`);
      posted.length = 0;
      await page.keyboard.press('Control+V');
      await page.getByText('Done.').waitFor();
      assert.deepEqual(
        posted.map((body) => new URLSearchParams(body).get('code')),
        ['123456'],
      );
    });
  });

  test('do not send a whole code while the password is missing', async () => {
    await withPage({}, async (page, open) => {
      await open('step-up');
      posted.length = 0;
      await page.fill('[name=code]', '123456');
      await page.fill('[name=password]', 'correct horse');
      assert.deepEqual(posted, []);
      await page.click('button.primary');
      await page.getByText('Done.').waitFor();
      assert.equal(new URLSearchParams(posted.join('')).get('password'), 'correct horse');
    });
  });

  test('copy, download and print recovery codes', async () => {
    const permissions = ['clipboard-read', 'clipboard-write'];
    await withPage({ permissions }, async (page, open) => {
      await open('recovery-codes');
      const codes = await page.locator('[data-recovery-code]').allInnerTexts();
      assert.equal(codes.length, 10);

      await page.click('[data-tool=copy]');
      await page.getByText('Copied', { exact: true }).waitFor();
      assert.equal(await page.evaluate('navigator.clipboard.readText()'), codes.join('\n'));

      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.click('[data-tool=download]'),
      ]);
      assert.equal(download.suggestedFilename(), 'recovery-codes-anna.txt');

      await page.emulateMedia({ media: 'print' });
      assert.ok(await page.isHidden('form'));
      assert.ok(await page.isVisible('text=Each code works once.'));
    });
  });

  test('offer with scripts off what works without them', async () => {
    await withPage({ javaScriptEnabled: false }, async (page, open) => {
      await open('recovery-codes');
      assert.ok(await page.isHidden('[data-tool=copy]'));
      await page.check('[name=stored]');
      await page.click('button.primary');
      await page.getByText('Done.').waitFor();
    });
  });

  test('show with scripts off no passkey to use, and the other ways', async () => {
    await withPage({ javaScriptEnabled: false }, async (page, open) => {
      for (const name of ['challenge-passkey-trust', 'step-up-passkey-password']) {
        await open(name);
        assert.equal(await page.locator('button:visible').count(), 0, name);
        assert.ok(await page.isHidden('text=Your device asks'), name);
        assert.ok(await page.isVisible('noscript .notice'), name);
        assert.ok(await page.isVisible('text=Use a recovery code'), name);
      }
    });
  });
});

/** By every rule that axe has, those called best practice included, unless only some are run. */
async function faultsByAxe(page: Page, options: RunOptions): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const all = JSON.stringify({ resultTypes: ['violations'], ...options });
  return page.evaluate<readonly string[]>(`
    axe.run(document, ${all}).then((found) =>
      found.violations.flatMap((violation) => violation.nodes.map(
        (node) => violation.id + ' at ' + node.target.join(' ') + ': ' + node.failureSummary)))`);
}

const everyTarget = 'a, button, input:not([type=hidden]), summary';
const everyControl =
  'button, input:not([type=hidden]), select, textarea, summary, .sections a, .buttons a';

/** How wide the page is, and what on it is lower than 44 px; links inside a sentence may be. */
async function sizes(
  page: Page,
  targets: string,
): Promise<{ readonly width: number; readonly tooSmall: readonly string[] }> {
  return page.evaluate(`({
    width: document.documentElement.scrollWidth,
    tooSmall: [...document.querySelectorAll('${targets}')]
      .filter((target) => target.offsetParent !== null && !target.closest('[role=alert]'))
      .filter((target) => (target.closest('label') ?? target).getBoundingClientRect().height < 44)
      .map((target) => target.outerHTML),
  })`);
}
