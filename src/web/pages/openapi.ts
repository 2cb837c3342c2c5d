/** `/api/openapi.json` and `/api`: what the API can do, for programs and for people. */

import { hash } from 'node:crypto';
import { apiPath } from '../api/api-path.ts';
import { type GuideGroup, guideOf } from '../api/guide.ts';
import { openApiDocument } from '../api/openapi.ts';
import { operations } from '../api/operations.ts';
import { type Answer, type Exchange, type FileAnswer, showPage } from '../exchange.ts';
import type { Words } from '../words.ts';

interface Written {
  readonly document: Buffer;
  readonly etag: string;
  readonly groups: readonly GuideGroup[];
}

// A configuration is replaced as a whole when it is reloaded, and what is written from it too.
const written = new WeakMap<object, Written>();

function writtenFor({ config }: Pick<Exchange, 'config'>): Written {
  const known = written.get(config);
  if (known !== undefined) return known;
  const document = openApiDocument(operations, config);
  const bytes = Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
  const etag = `"${hash('sha256', bytes).slice(0, 16)}"`;
  const fresh = { document: bytes, etag, groups: guideOf(document) };
  written.set(config, fresh);
  return fresh;
}

/** Answers with the OpenAPI document. */
export function showOpenApi(exchange: Exchange): FileAnswer {
  const { document, etag } = writtenFor(exchange);
  return {
    kind: 'file',
    body: document,
    contentType: 'application/json',
    etag,
    cacheControl: 'no-cache',
  };
}

/** Shows the same to be read. */
export function showApiGuide(exchange: Exchange): Answer {
  const { portal, tokens } = exchange.config;
  const { groups } = writtenFor(exchange);
  return showPage({
    page: 'api-guide',
    base: portal.url + apiPath,
    documentHref: `${portal.basePath}/api/openapi.json`,
    problemHref: `${portal.basePath}/problems/`,
    tokenMinutes: Math.floor(tokens.lifetimeSeconds / 60),
    callers: callersIn(groups, exchange.parts.renderer.words),
    groups,
  });
}

/** Who may call each operation, in words. */
export function callersIn(
  groups: readonly GuideGroup[],
  { say }: Words,
): Readonly<Record<string, string>> {
  const all = groups.flatMap(({ operations }) => operations);
  return Object.fromEntries(
    all.map(({ id, callers, permission }) => {
      const who = callers.map((name) => say(`api-guide.who.${name}`)).join(', ');
      if (who === '') return [id, say('api-guide.who.anybody')];
      return [id, permission === null ? who : `${who}; ${say('api-guide.role', { permission })}`];
    }),
  );
}
