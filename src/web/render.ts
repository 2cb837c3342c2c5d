/**
 * Turns a page's model into HTML, and holds the few files that pages load.
 *
 * Templates, sentences and assets are read and compiled once, at start: a wrong one stops the
 * start instead of a person, and rendering touches no disk.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join } from 'node:path';

import { Eta } from 'eta';

import type { ControlsView, ReportView } from './admin/evidence/evidence-views.ts';
import { loadWords, type Words } from './words.ts';
import type { Frame, Page } from './views.ts';

/** A stylesheet, script or picture of ours. */
export interface Asset {
  readonly body: Buffer;
  readonly contentType: string;
  /** Quoted, as in the header. */
  readonly etag: string;
  /** The `v` in `hashedPath`; an answer may be cached for good when it was asked for by this. */
  readonly version: string;
  /** Below the base path: `/assets/sallyport.css?v=4f1c9a02be`. */
  readonly hashedPath: string;
}

/** What the portal shows pages with. */
export interface Renderer {
  /** A whole HTML document. */
  readonly render: (page: Page, frame: Frame) => string;
  /** A document to be kept: nothing in it is loaded from anywhere. */
  readonly renderDocument: (document: KeptDocument) => string;
  /** By file name, as in `/assets/<name>`. */
  readonly assets: ReadonlyMap<string, Asset>;
  /** The catalogue, for the sentences that handlers choose. */
  readonly words: Words;
}

/** A document to be kept: `views/documents/<document>.eta`. */
export type KeptDocument = { readonly issuer: string; readonly version: string } & (
  | { readonly document: 'evidence-report'; readonly view: ReportView }
  | { readonly document: 'evidence-controls'; readonly view: ControlsView }
);

/** Where the templates are and how they speak. */
export interface RendererOptions {
  /** The folder `views`; by default the one beside `src` or `dist`. */
  readonly viewsFolder?: string;
  /** The catalogue in `views/words`; English by default. */
  readonly language?: string;
  /** The operator's own sentences, by key. */
  readonly words?: Readonly<Record<string, string>>;
}

/** Reads and compiles everything below the views folder. Throws when any of it is wrong. */
export function createRenderer(options: RendererOptions = {}): Renderer {
  const folder = options.viewsFolder ?? join(import.meta.dirname, '..', '..', 'views');
  const assets = readAssets(join(folder, 'assets'));
  const words = loadWords(join(folder, 'words'), options.language ?? 'en', options.words);
  const eta = compileTemplates(folder);
  const documentStyle = stylesheet(join(folder, 'styles', 'document.css')).toString();

  return {
    assets,
    words,
    render: (page, frame) => {
      assertAccent(frame.accent);
      return eta.render(`@pages/${page.page}`, {
        page,
        frame,
        words,
        say: words.say,
        asset: (name: string) => frame.basePath + assetNamed(assets, name).hashedPath,
        // Links that templates make themselves keep the place to return to.
        here: (path: string) => frame.basePath + path + returnToQuery(frame),
        // Paths in models of the administration are below the base path.
        at: (path: string) => frame.basePath + path,
      });
    },
    renderDocument: (document) =>
      eta.render(`@documents/${document.document}`, {
        ...document,
        words,
        say: words.say,
        style: documentStyle,
      }),
  };
}

function readAssets(folder: string): ReadonlyMap<string, Asset> {
  const files = readdirSync(folder).map((name) => [name, join(folder, name)] as const);
  const all = [...files, [webauthnScript, webauthnFile()] as const];
  return new Map(all.map(([name, file]) => [name, readAsset(name, file)]));
}

/** The package's own script for browsers, served as it is, under a name beside ours. */
const webauthnScript = 'webauthn.js';

/** Where it was installed: beside us in a checkout, further up where we are a package ourselves. */
function webauthnFile(): string {
  const entry = createRequire(import.meta.url).resolve('@simplewebauthn/browser');
  return join(dirname(entry), '..', 'dist', 'bundle', 'index.umd.min.js');
}

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

function readAsset(name: string, file: string): Asset {
  const body = extname(name) === '.css' ? stylesheet(file) : readFileSync(file);
  const contentType = contentTypes[extname(name)];
  assert.ok(contentType !== undefined, `views/assets/${name} is of a kind we do not serve`);
  const version = createHash('sha256').update(body).digest('hex').slice(0, 10);
  const hashedPath = `/assets/${name}?v=${version}`;
  return { body, contentType, etag: `"${version}"`, version, hashedPath };
}

/**
 * A stylesheet as it is sent: with what it imports in its place, so that a page loads one, and
 * without comments and blanks that mean nothing, a third smaller.
 */
function stylesheet(file: string): Buffer {
  const text = readFileSync(file, 'utf8')
    .replaceAll(/^@import '([\w-]+\.css)';$/gm, (_, name: string) =>
      readFileSync(join(dirname(file), '..', 'styles', name), 'utf8'),
    )
    .replaceAll(/\/\*[\s\S]*?\*\//g, '');
  const dense = text
    .replaceAll(/\s*([{};])\s*/g, '$1')
    .replaceAll(/([:,])\s+/g, '$1')
    .replaceAll(';}', '}');
  return Buffer.from(dense);
}

function compileTemplates(folder: string): Eta {
  const eta = new Eta({
    // Security: whatever a model says is text; only `<%~` in a template lets markup through, and
    // a test names the places where it may stand.
    autoEscape: true,
    autoFilter: false,
    autoTrim: [false, 'nl'],
    cache: true,
    debug: false,
    useWith: false,
    rmWhitespace: false,
  });
  for (const { name, text } of readTemplates(folder)) eta.loadTemplate(`@${name}`, text);
  return eta;
}

function readTemplates(
  folder: string,
): readonly { readonly name: string; readonly text: string }[] {
  return ['', 'pages', 'partials', 'documents'].flatMap((part) =>
    readdirSync(join(folder, part))
      .filter((file) => extname(file) === '.eta')
      .map((file) => ({
        name: [part, basename(file, '.eta')].filter((word) => word !== '').join('/'),
        text: readFileSync(join(folder, part, file), 'utf8'),
      })),
  );
}

function assetNamed(assets: ReadonlyMap<string, Asset>, name: string): Asset {
  const asset = assets.get(name);
  assert.ok(asset !== undefined, `views/assets has no ${name}`);
  return asset;
}

function returnToQuery(frame: Frame): string {
  return frame.returnTo === '' ? '' : `?return_to=${encodeURIComponent(frame.returnTo)}`;
}

/** Security: the accent goes into a style element, where HTML escaping does not protect. */
function assertAccent(accent: string | null): void {
  assert.ok(accent === null || /^#[0-9a-f]{6}$/i.test(accent), 'the accent is not like #2f5bd7');
}
