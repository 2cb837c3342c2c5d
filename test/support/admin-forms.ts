/** Filling in the forms of the administration, of which a page has many. */

import assert from 'node:assert/strict';
import type { Answer, WebClient } from './web-client.ts';

/**
 * Posts to a page of the administration, with the token that stands on it; redirects are not
 * followed. `page`: where the form stands, if that is another address than the one it posts to.
 */
export async function postForm(
  client: WebClient,
  path: string,
  fields: Readonly<Record<string, string>>,
  page = path,
): Promise<Answer> {
  const shown = await client.visit(`/_mfa${page}`);
  const csrf = /name="csrf" value="([^"]+)"/.exec(shown.body)?.[1];
  assert.ok(csrf !== undefined, `${page}: ${String(shown.status)} ${shown.body.slice(0, 500)}`);
  return client.visit(`/_mfa${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      origin: shown.url.origin,
    },
    body: new URLSearchParams({ csrf, return_to: '', ...fields }).toString(),
  });
}

/** What a page of ours says it is: `ok`, `redirect`, or the code of a problem. */
export function codeOf({ headers }: Answer): string {
  return String(headers['sallyport-response']);
}

/** Where an answer leads, below the portal's base path. */
export function leadsTo({ headers }: Answer): string {
  const to = new URL(String(headers.location));
  return to.pathname.replace(/^\/_mfa/, '') + to.search;
}

/** The text of a page, without its tags and with one blank between words. */
export function textOf({ body }: Answer): string {
  return body
    .replace(/<nav[\s\S]*?<\/nav>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&amp;', '&')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll(/\s+/g, ' ');
}
