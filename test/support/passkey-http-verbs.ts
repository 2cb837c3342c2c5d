/** What a person does with a passkey, without a browser: our pages' options answered in software. */

import assert from 'node:assert/strict';
import type { PasskeyOptions } from '../../src/methods/method.ts';
import {
  createPasskey,
  platformBuild,
  type Build,
  type SoftPasskey,
} from './soft-authenticator.ts';
import type { Answer, WebClient } from './web-client.ts';

/** What the page's script would ask the browser for. */
export function passkeyOptionsOn(page: Answer): PasskeyOptions {
  const [, written] = / data-options="([^"]*)"/.exec(page.body) ?? [];
  assert.ok(written !== undefined, `no passkey is asked for on ${page.url.href}:\n${page.body}`);
  const text = written.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
  return JSON.parse(text) as PasskeyOptions;
}

/** Signs in by password, sets up a passkey, stores the codes; the answer is the passkey. */
export async function enrollPasskeyAtSignIn(
  client: WebClient,
  person: { readonly username: string; readonly password: string },
  build: Build = platformBuild,
): Promise<SoftPasskey> {
  const { username, password } = person;
  await client.post(await client.open('/_mfa/sign-in'), { username, password });
  const form = await client.open('/_mfa/enroll/passkey');
  const origin = form.url.origin;
  const { passkey, posted } = createPasskey(passkeyOptionsOn(form), { ...build, origin });
  const shown = await client.submit(form, { passkey: posted, name: 'Work laptop' });
  assert.equal(shown.url.pathname, '/_mfa/recovery-codes', shown.body);
  await client.submit(shown, { stored: 'yes' });
  return passkey;
}

/** Answers the page's challenge and sends it with the page's form. */
export async function submitPasskey(
  client: WebClient,
  page: Answer,
  passkey: SoftPasskey,
  fields: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const posted = passkey.get(passkeyOptionsOn(page));
  return client.submit(page, { passkey: posted, ...fields });
}
