/** express-session, with every option spelled out. It runs where a page may begin a session. */

import type { IncomingMessage } from 'node:http';

import session from 'express-session';

import type { OwnCookies } from '../../core/cookie-names.ts';
import type { Random } from '../../platform/random.ts';
import type { PortalSessionStore } from './portal-session-store.ts';
import {
  type CookieKeys,
  cookieSecrets,
  parseSessionCookie,
  sessionIdBytes,
  withoutCookie,
} from './session-cookie.ts';

/** What the middleware is made from. */
export interface SessionMiddlewareOptions {
  readonly store: PortalSessionStore;
  readonly cookies: OwnCookies;
  /** Sign the cookie; derived from the encryption keys. */
  readonly keys: CookieKeys;
  readonly random: Random;
  /**
   * Says whether the browser came by https, as `receive` settled it. express-session sends a
   * `Secure` cookie only then, and its own ways of finding out believe headers of anybody.
   */
  readonly isSecure: (request: IncomingMessage) => boolean;
}

type Middleware = ReturnType<typeof session>;

/** Makes the middleware. */
export function sessionMiddleware(options: SessionMiddlewareOptions): Middleware {
  const { store, cookies, keys, random, isSecure } = options;
  // express-session keeps this list, signs by its first and believes all of it. It is filled anew
  // before each request, so that keys are rotated under a running portal.
  const secrets = [...cookieSecrets(keys)];
  const handle = session({
    store,
    name: cookies.session,
    secret: secrets,
    genid(request) {
      const id = random.bytes(sessionIdBytes).toString('base64url');
      store.noteGenerated(request, id);
      return id;
    },
    cookie: {
      httpOnly: true,
      sameSite: 'lax',
      secure: cookies.isSecure,
      path: '/',
      domain: cookies.sessionDomain ?? undefined,
      // Ends with the browser; how long the session lasts is settled on our side.
      maxAge: undefined,
      expires: undefined,
      partitioned: false,
    },
    // Only `req.secure` counts, which is set below. `true` would believe X-Forwarded-Proto.
    proxy: undefined,
    resave: false,
    saveUninitialized: false,
    rolling: false,
    unset: 'destroy',
  });

  return (request, response, next) => {
    Object.defineProperty(request, 'secure', { value: isSecure(request), configurable: true });
    // express-session would take the first of several cookies and lets any signed value pass as an
    // id; whatever `recall` does not believe is taken away from it.
    const { cookie } = request.headers;
    if (cookie !== undefined && parseSessionCookie(cookie, cookies.session, keys) === null) {
      request.headers.cookie = withoutCookie(cookie, cookies.session);
    }
    secrets.splice(0, secrets.length, ...cookieSecrets(keys));
    handle(request, response, next);
  };
}
