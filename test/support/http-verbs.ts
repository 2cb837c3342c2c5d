/** What a person does at the gate, without a browser: forms filled in over HTTP. */

import assert from 'node:assert/strict';
import { codeAt } from './authenticator-app.ts';
import { textsMarked, type Answer, type WebClient } from './web-client.ts';

/** The gateway's clock, as far as one-time codes need it; a real one does not move on command. */
export interface MovableClock {
  now(): number;
  advance(seconds: number): void;
}

/** Somebody who is signed in with two factors and has everything to do it again. */
export interface Enrolled {
  readonly client: WebClient;
  readonly username: string;
  readonly password: string;
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
  /** The page that was reached in the end. */
  readonly landed: Answer;
}

/** Asks for a page, signs in, enrolls an authenticator app and stores the recovery codes. */
export async function enrollAtSignIn(
  client: WebClient,
  options: {
    readonly target: string;
    readonly username: string;
    readonly password: string;
    readonly clock: MovableClock;
  },
): Promise<Enrolled> {
  const { target, username, password, clock } = options;
  const choice = await signIn(client, { target, username, password });
  const next = /href="([^"]*\/enroll\/totp[^"]*)"/.exec(choice.body)?.[1];
  assert.ok(next !== undefined, `expected the enrollment page:\n${choice.body}`);
  const enrollment = await client.open(new URL(next.replaceAll('&amp;', '&'), choice.url).href);
  const [secret = ''] = textsMarked(enrollment, 'data-totp-secret');
  const shown = await client.submit(enrollment, { code: nextCode(clock, secret) });
  const recoveryCodes = textsMarked(shown, 'data-recovery-code');
  assert.equal(recoveryCodes.length, 10, shown.body);
  const landed = await client.submit(shown, { stored: 'yes' });
  return { client, username, password, secret, recoveryCodes, landed };
}

/** Asks for a page and fills in the sign-in form that comes; the answer is what follows. */
export async function signIn(
  client: WebClient,
  options: { readonly target: string; readonly username: string; readonly password: string },
): Promise<Answer> {
  const { target, username, password } = options;
  const form = await client.open(target);
  assert.match(form.url.pathname, /\/sign-in$/);
  return client.submit(form, { username, password });
}

/** Signs somebody in who has enrolled before; the answer is the page that was reached. */
export async function signInWithCode(
  client: WebClient,
  options: {
    readonly target: string;
    readonly person: Pick<Enrolled, 'username' | 'password' | 'secret'>;
    readonly clock: MovableClock;
  },
): Promise<Answer> {
  const { target, person, clock } = options;
  const challenge = await signIn(client, { target, ...person });
  return client.submit(challenge, { code: nextCode(clock, person.secret) });
}

/** Fills in the step-up form. */
export async function stepUp(
  page: Answer,
  person: Pick<Enrolled, 'client' | 'password' | 'secret'>,
  clock: MovableClock,
): Promise<Answer> {
  const code = nextCode(clock, person.secret);
  return person.client.submit(page, { password: person.password, code });
}

/** The code of the next time step, so that none is ever used twice. */
export function nextCode(clock: MovableClock, secret: string): string {
  clock.advance(30);
  return codeAt(secret, clock.now());
}
