/**
 * The door to our own pages: finds the endpoint, lets in who may come in, and has the answer
 * written.
 *
 * What must hold for all pages happens here, once: limits, posts from elsewhere, who may come in.
 * Pages cannot forget it, because they are not asked.
 */

import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { levelOf } from '../core/assurance.ts';
import { ownCookies } from '../core/cookie-names.ts';
import type { SessionFacts } from '../core/facts.ts';
import { isSecretPath, shownPath } from '../core/locations.ts';
import { admissibleProofs, answersOf } from '../core/policy/decide.ts';
import { Problem, type ProblemCode } from '../core/problem.ts';
import { unreachable } from '../core/unreachable.ts';
import type { Visit } from '../flows/flow-context.ts';
import { signOut } from '../flows/sessions.ts';
import { prefersJson } from '../platform/problem-response.ts';
import { requestFactsOf } from '../platform/request-facts.ts';
import { admission, assertAdministrationNetwork } from './access.ts';
import { isApiPath } from './api/api-path.ts';
import { serveCall } from './api/door.ts';
import { cookieToClear, cookieToSet, cookieValue } from './cookies.ts';
import {
  comesFromOurPages,
  formKeyPurpose,
  isFormCookie,
  isFormToken,
  newFormCookie,
} from './csrf.ts';
import { returnToIn } from './destination.ts';
import { type BrowserDevice, browserDevice, deviceCookieSeconds } from './device-cookie.ts';
import type { Endpoint, LimitClass } from './endpoint.ts';
import { type EndpointMatch, matchEndpoint } from './endpoints.ts';
import { createErrorHandler } from './error-handler.ts';
import { type Answer, type Exchange, type PortalParts, redirectTo } from './exchange.ts';
import { type Form, readForm } from './form.ts';
import { ownAddress, pageAddress, type PagePath } from './onward.ts';
import { rotateSession } from './session.ts';
import { type Desk, writeAnswer } from './write-answer.ts';

/** Makes the handler of all requests below the portal's base path. It answers every one. */
export function createPortal(parts: PortalParts): RequestHandler {
  const { clock, log, random } = parts.flows;
  const { config, renderer, storeFailed } = parts;
  const sendError = createErrorHandler({ config, renderer, random, log, storeFailed });
  return async (req, res) => {
    const request = requestFactsOf(req);
    const now = clock.now();
    const desk: Desk = { parts, config: config.current(), req, res, request, now };
    try {
      await serve(desk);
    } catch (error) {
      sendError(req, res, error);
    }
    log.info(
      {
        requestId: request.id,
        method: request.method,
        path: shownPath(desk.config.portal, request),
        status: res.statusCode,
        answer: res.getHeader('Sallyport-Response'),
        ip: request.ip,
        durationMs: clock.now() - now,
      },
      'page',
    );
  };
}

async function serve(desk: Desk): Promise<void> {
  const path = pathBelow(desk);
  if (isApiPath(path)) {
    await serveCall(desk, path);
    return;
  }
  const match = matchEndpoint(desk.request.method, path);
  await assertWithinLimit(desk, match.kind === 'endpoint' ? match.endpoint.limit : 'page');
  const { endpoint, parameter } = endpointIn(desk, match);
  if (endpoint.who === 'administrator') assertAdministrationNetwork(desk);
  if (endpoint.limit === 'file') {
    // Files say nothing about anybody: no cookie is looked at and none is set.
    const visit = visitOf(desk, null);
    const asked = { path, parameter, form: new Map(), session: null, visit, browser: '' };
    const exchange = exchangeFor(desk, asked, null);
    writeAnswer(desk, exchange, await endpoint.answer(exchange), null);
    return;
  }

  const form = await readPost(desk, endpoint);
  const device = deviceOf(desk);
  const visit = visitOf(desk, device);
  const session = await liveSession(desk, endpoint, visit);
  const formCookie = formCookieOf(desk);
  // A secret in the path is for the handler alone: nothing that is made of the path holds it.
  const named = isSecretPath(desk.config.portal, desk.request) ? endpoint.path : path;
  const asked = { path: named, parameter, form, session, visit, browser: formCookie.value };
  const exchange = exchangeFor(desk, asked, device);
  dropMalformedCookie(desk);

  const elsewhere = admission(endpoint, exchange);
  if (elsewhere !== null) {
    // Nothing was done, so that the form need not prove where it comes from. This is also what
    // becomes of the second half of a double click, whose session the first half replaced.
    if (elsewhere.code !== 'redirect' && prefersJson(desk.req.headers.accept)) {
      throw new Problem(elsewhere.code);
    }
    writeAnswer(desk, exchange, elsewhere, formCookie);
    return;
  }
  if (endpoint.csrf === 'on') assertOwnForm(desk, exchange, formCookie.value);
  writeAnswer(desk, exchange, await answerOf(desk, endpoint, exchange), formCookie);
}

/** What the page answers; a problem that another page solves becomes the way there. */
async function answerOf(desk: Desk, endpoint: Endpoint, exchange: Exchange): Promise<Answer> {
  try {
    return await endpoint.answer(exchange);
  } catch (error) {
    const page = error instanceof Problem ? pageThatSolves(error.code) : null;
    if (page === null || prefersJson(desk.req.headers.accept)) throw error;
    // A session that is gone was ended, or replaced by the first half of a double click: the
    // sign-in page sends on whoever has a newer one.
    const session = await exchange.recallAgain();
    if (session === null || page === '/sign-in')
      return redirectTo(pageAddress(exchange, '/sign-in'));
    // There is said what to do.
    if (page === '/enroll') return redirectTo(pageAddress(exchange, page));
    // Whoever has nothing to answer with would be sent round in a circle.
    if (answersOf(session, exchange.config.policy).length === 0) throw error;
    // Back to the page that asked for it, which knows where the person goes from there.
    return redirectTo(pageAddress({ ...exchange, returnTo: ownAddress(exchange) }, page));
  }
}

function pageThatSolves(code: ProblemCode): PagePath | null {
  if (code === 'not-signed-in') return '/sign-in';
  if (code === 'enrollment-link-required') return '/enroll';
  return code === 'step-up-required' ? '/step-up' : null;
}

function pathBelow({ request, config }: Desk): string {
  const below = request.path.slice(config.portal.basePath.length);
  return below === '' ? '/' : below;
}

function endpointIn(
  { res }: Desk,
  match: EndpointMatch,
): { readonly endpoint: Endpoint; readonly parameter: string } {
  switch (match.kind) {
    case 'endpoint':
      return match;
    case 'other-method':
      res.setHeader('Allow', match.allowed.join(', '));
      throw new Problem('method-not-allowed');
    case 'none':
      throw new Problem('not-found');
    default:
      return unreachable(match);
  }
}

async function assertWithinLimit({ parts, request }: Desk, limit: LimitClass): Promise<void> {
  if (limit === 'file') return;
  const answer = await parts.flows.limits.request(limit, request.ip);
  if (answer.ok) return;
  throw new Problem('too-many-attempts', { retryAfterSeconds: answer.retryAfterSeconds });
}

async function readPost(desk: Desk, endpoint: Endpoint): Promise<Form> {
  if (endpoint.method !== 'POST') return new Map();
  // Before the body is read: whoever may not post here need not be listened to.
  if (!comesFromOurPages(desk.req.headers, desk.config.portal.origin)) {
    throw new Problem('origin-not-allowed', {
      detail: 'This form was not sent from one of our own pages.',
    });
  }
  return readForm(desk.req, desk.res);
}

/** The session of the request; an expired one is none, and a disabled person's is ended. */
async function liveSession(
  desk: Desk,
  endpoint: Endpoint,
  visit: Visit,
): Promise<SessionFacts | null> {
  const { parts, req } = desk;
  const session = await parts.recall(req.headers.cookie);
  if (session === null || !isWorthSomething(desk, session)) return null;
  if (!session.principal.isDisabled) return session;

  await signOut(parts.flows, visit, session);
  clearSessionCookie(desk);
  if (endpoint.who !== 'anyone') throw new Problem('account-disabled');
  return null;
}

/**
 * Says whether a session is not over and anything that it proved still counts. Whose only proof was
 * by a method that was switched off since has to sign in anew, as at the gate.
 */
function isWorthSomething({ config, now }: Desk, session: SessionFacts): boolean {
  return session.expiresAt > now && levelOf(admissibleProofs(session, config.policy), now) > 0;
}

function exchangeFor(
  desk: Desk,
  asked: Pick<Exchange, 'path' | 'parameter' | 'form' | 'session' | 'visit' | 'browser'>,
  device: BrowserDevice | null,
): Exchange {
  const { parts, config, req, res, request, now } = desk;
  const { visit } = asked;
  const query = new URLSearchParams(request.query);
  return {
    ...asked,
    parts,
    config,
    request,
    isRehearsal: request.method === 'HEAD' || isPrefetch(req),
    now,
    query,
    returnTo: returnToIn(config, asked.form, query),
    rise: async (next) => {
      const rising = { parts, config, req, res, visit, now, old: asked.session };
      const session = await rotateSession(rising, next);
      if (device !== null) giveDeviceCookie(desk, device);
      return session;
    },
    recallAgain: async () => {
      const session = await parts.recall(req.headers.cookie);
      return session !== null && isWorthSomething(desk, session) ? session : null;
    },
  };
}

function visitOf({ request }: Desk, device: BrowserDevice | null): Visit {
  const { ip, userAgent, id } = request;
  return { ip, userAgent, requestId: id, deviceKey: device?.key ?? null };
}

function deviceOf({ parts, config, req }: Desk): BrowserDevice {
  return browserDevice(parts.flows, req.headers.cookie, ownCookies(config.portal).device);
}

/** A browser is given its cookie with its first session, so that strangers get none. */
function giveDeviceCookie({ config, res }: Desk, { newCookie }: BrowserDevice): void {
  if (newCookie === null) return;
  const { device, isSecure } = ownCookies(config.portal);
  const fence = { isSecure, domain: null };
  res.appendHeader('Set-Cookie', cookieToSet(device, newCookie, fence, deviceCookieSeconds));
}

function isPrefetch({ headers }: IncomingMessage): boolean {
  const purpose = headers['sec-purpose'] ?? headers['purpose'] ?? '';
  return String(purpose).toLowerCase().includes('prefetch');
}

/** The form cookie of this browser, or a new one for a browser that has none. */
function formCookieOf({ parts, config, req }: Desk): { value: string; isNew: boolean } {
  const sent = cookieValue(req.headers.cookie, ownCookies(config.portal).csrf);
  return isFormCookie(sent)
    ? { value: sent, isNew: false }
    : { value: newFormCookie(parts.flows.random), isNew: true };
}

function assertOwnForm(desk: Desk, exchange: Exchange, cookie: string): void {
  const posted = exchange.form.get('csrf') ?? '';
  const session = exchange.session?.key ?? null;
  const isMadeWith = (key: Buffer): boolean => isFormToken(posted, { key, cookie, session });
  // A form that was opened before the keys were rotated may still be sent.
  if (desk.parts.flows.sealer.findKey(formKeyPurpose, isMadeWith) !== null) return;
  throw new Problem('form-expired');
}

/**
 * Removes a session cookie that cannot be one of ours. One that merely names no session stays: its
 * request may have been overtaken by a rise in assurance, and the browser holds the new one.
 */
function dropMalformedCookie(desk: Desk): void {
  const sent = cookieValue(desk.req.headers.cookie, ownCookies(desk.config.portal).session);
  if (sent === null || /^s(?::|%3A)[\w-]+\.[\w%+/=-]+$/i.test(sent)) return;
  clearSessionCookie(desk);
}

function clearSessionCookie({ config, res }: Desk): void {
  const { session, isSecure, sessionDomain } = ownCookies(config.portal);
  res.appendHeader('Set-Cookie', cookieToClear(session, { isSecure, domain: sessionDomain }));
}
