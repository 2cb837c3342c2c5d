/** `/api/openapi.json` and `/api`: what the API can do, for programs and for people. */

import { apiPath } from '../api/api-path.ts';
import { type GuideGroup, guideOf } from '../api/guide.ts';
import { type JsonObject, openApiDocument } from '../api/openapi.ts';
import { operations } from '../api/operations.ts';
import { type Answer, type Exchange, type FileAnswer, showPage } from '../exchange.ts';
import type { Words } from '../words.ts';

// A configuration is replaced as a whole when it is reloaded, and the document with it.
const documents = new WeakMap<object, JsonObject>();

function documentOf({ config }: Pick<Exchange, 'config'>): JsonObject {
  const known = documents.get(config);
  if (known !== undefined) return known;
  const document = openApiDocument(operations, config);
  documents.set(config, document);
  return document;
}

/** Answers with the OpenAPI document. */
export function showOpenApi(exchange: Exchange): FileAnswer {
  return {
    kind: 'file',
    body: Buffer.from(`${JSON.stringify(documentOf(exchange), null, 2)}\n`),
    contentType: 'application/json',
    etag: null,
    cacheControl: 'no-cache',
  };
}

/** Shows the same to be read. */
export function showApiGuide(exchange: Exchange): Answer {
  const { portal, tokens } = exchange.config;
  const groups = guideOf(documentOf(exchange));
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
