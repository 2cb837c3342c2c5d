/** The codes of a throw-away person's authenticator app: right ones, old ones and wrong ones. */

import type { Config } from '../../../config/config.ts';
import { codeOfStep, type AppSettings } from './authenticator-app.ts';
import type { Run } from './run.ts';

/** An app with one secret in it. */
export interface App {
  readonly secret: string;
  readonly settings: Required<AppSettings>;
  /** Time steps before and after the present one whose codes are accepted too. */
  readonly window: number;
  /** The last time step of which a code was typed; -1 before the first. */
  lastStep: number;
}

/** An app that has just scanned a secret. */
export function newApp(secret: string, { window, ...settings }: Config['totp']): App {
  return { secret, settings, window, lastStep: -1 };
}

/** A code at the edge of what is accepted must not be overtaken by the clock while it is checked. */
const leewaySeconds = 5;

/**
 * The next code that is right and was not used. Waits for it where the app has none yet.
 * `isEarlyWelcome`: one of the step before, where that is accepted, so that more are left.
 */
export async function nextCode(
  run: Run,
  app: App,
  { isEarlyWelcome = false }: { readonly isEarlyWelcome?: boolean } = {},
): Promise<string> {
  const { periodSeconds } = app.settings;
  const leeway = Math.min(leewaySeconds, periodSeconds / 3);
  for (;;) {
    run.goOn();
    const seconds = run.parts.wallNow() / 1000;
    const now = Math.floor(seconds / periodSeconds);
    const isNearTheEnd = (now + 1) * periodSeconds - seconds < leeway;
    const earliest = now - (isEarlyWelcome ? app.window : 0);
    const step = Math.max(app.lastStep + 1, earliest);
    const isAtTheEdge = step === now - app.window && isNearTheEnd;
    if (!isAtTheEdge && step <= now + app.window) {
      app.lastStep = step;
      const code = codeOfStep(app.secret, step, app.settings);
      run.secrets.add('a TOTP code', code);
      return code;
    }
    const opensAt = isAtTheEdge ? (now + 1) * periodSeconds : (step - app.window) * periodSeconds;
    await run.pause(Math.max(0.05, opensAt - seconds));
  }
}

/** The code of a time step that is over for good, and equal to none that would be accepted. */
export function oldCode(run: Run, app: App): string {
  const now = presentStep(run, app);
  const accepted = acceptedCodes(app, now);
  for (let step = now - app.window - 3; ; step -= 1) {
    const code = codeOfStep(app.secret, step, app.settings);
    if (!accepted.has(code)) return code;
  }
}

/** A code that the app does not show at any time near to now. */
export function wrongCode(run: Run, app: App, tries = 0): string {
  const accepted = acceptedCodes(app, presentStep(run, app));
  const size = 10 ** app.settings.digits;
  for (let number = (Number([...accepted][0]) + 1 + tries * 7) % size; ; number += 1) {
    const code = String(number % size).padStart(app.settings.digits, '0');
    if (!accepted.has(code)) return code;
  }
}

function presentStep(run: Run, { settings }: App): number {
  return Math.floor(run.parts.wallNow() / 1000 / settings.periodSeconds);
}

/** With a few steps more on either side: the clock goes on while a code is checked. */
function acceptedCodes({ secret, settings, window }: App, now: number): ReadonlySet<string> {
  const steps = Array.from({ length: 2 * window + 9 }, (_, at) => now - window - 2 + at);
  return new Set(steps.map((step) => codeOfStep(secret, step, settings)));
}
