/**
 * Writes every page and error state as static HTML, to be looked at in a browser:
 * `node test/support/preview-pages.ts FOLDER`, then serve the folder.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createRenderer } from '../../src/web/render.ts';
import { sampleDocuments } from './sample-admin-evidence.ts';
import { samplePages } from './sample-pages.ts';

const folder = process.argv[2] ?? 'data/preview';
const renderer = createRenderer();
const { render, assets, words } = renderer;
mkdirSync(join(folder, '_mfa', 'assets'), { recursive: true });

for (const [name, asset] of assets) writeFileSync(join(folder, '_mfa', 'assets', name), asset.body);

const samples = await samplePages(words);
for (const [name, { page, frame }] of samples) {
  writeFileSync(join(folder, `${name}.html`), render(page, frame));
}
const documents = sampleDocuments(renderer);
for (const [name, html] of documents) writeFileSync(join(folder, `${name}.html`), html);
const links = [...samples.keys(), ...documents.keys()].map(
  (name) => `<li><a href="${name}.html">${name}</a></li>`,
);
writeFileSync(join(folder, 'index.html'), `<!doctype html><title>Pages</title>${links.join('')}`);
