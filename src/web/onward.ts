/** Where a person goes next: the links and redirects between our pages. */

import type { SessionFacts } from '../core/facts.ts';
import { unreachable } from '../core/unreachable.ts';
import { nextPage } from '../flows/next-page.ts';
import { type Exchange, redirectTo, type RedirectAnswer } from './exchange.ts';

/** Paths of pages, below the base path. */
export type PagePath =
  | '/sign-in'
  | '/challenge'
  | '/challenge/recovery-code'
  | '/lost-authenticator'
  | '/enroll'
  | '/enroll/totp'
  | '/enroll/passkey'
  | '/recovery-codes'
  | '/step-up'
  | '/reminder'
  | '/admin'
  | '/account'
  | `/account/authenticators/${string}`
  | '/account/disable-mfa'
  | '/account/password'
  | '/sign-out';

/** The absolute address of a page, with the place to return to. For redirects. */
export function pageAddress(exchange: Exchange, path: PagePath): string {
  return exchange.config.portal.origin + pageHref(exchange, path);
}

/** The address of a page on this host, with the place to return to. For links. */
export function pageHref(
  exchange: Pick<Exchange, 'config' | 'returnTo'>,
  path: PagePath,
  parameters: Readonly<Record<string, string>> = {},
): string {
  const query = new URLSearchParams(parameters);
  if (exchange.returnTo !== null) query.set('return_to', exchange.returnTo);
  const search = query.size === 0 ? '' : `?${query.toString()}`;
  return exchange.config.portal.basePath + path + search;
}

/**
 * The address of the page that was asked for, with its query, and with the place to return to from
 * there where that is a good one.
 */
export function ownAddress(
  exchange: Pick<Exchange, 'config' | 'path' | 'query' | 'returnTo'>,
): string {
  const { config, path, returnTo } = exchange;
  const query = new URLSearchParams(exchange.query);
  query.delete('return_to');
  if (returnTo !== null) query.set('return_to', returnTo);
  return config.portal.url + path + (query.size === 0 ? '' : `?${query.toString()}`);
}

/** Where somebody goes who has nothing left to prove. */
export function destinationAddress(exchange: Exchange): string {
  return exchange.returnTo ?? `${exchange.config.portal.url}/account`;
}

/** Sends somebody on: to what is still to prove or to enroll, else to where they want to go. */
export function onward(exchange: Exchange, session: SessionFacts): RedirectAnswer {
  const next = nextPage(exchange.parts.flows, session);
  switch (next) {
    case 'challenge':
      return redirectTo(pageAddress(exchange, '/challenge'), 'second-factor-required');
    case 'enroll':
      return redirectTo(pageAddress(exchange, '/enroll'), 'enrollment-required');
    case 'done':
      return redirectTo(destinationAddress(exchange));
    default:
      return unreachable(next);
  }
}
