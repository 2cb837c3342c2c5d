/**
 * The one exit for errors: whatever went wrong becomes a problem, and the problem a response.
 *
 * Nothing that a library or the database says reaches anybody outside; it goes to the log, once.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config, LiveConfig } from '../config/config.ts';
import { idBytes, idFrom, type RequestId } from '../core/ids.ts';
import { isPortalRequest, isSecretPath } from '../core/locations.ts';
import { Problem, type ProblemCode, problemTypes } from '../core/problem.ts';
import type { Logger } from '../platform/log.ts';
import { type ProblemHtml, sendProblem } from '../platform/problem-response.ts';
import type { Random } from '../platform/random.ts';
import { findRequestFacts } from '../platform/request-facts.ts';
import { isApiPath } from './api/api-path.ts';
import { returnOrigins, returnToIn } from './destination.ts';
import type { Exchange, PortalParts } from './exchange.ts';
import { pageHref } from './onward.ts';
import type { Renderer } from './render.ts';
import { securityHeaders } from './security-headers.ts';
import type { Alternative, Frame } from './views.ts';

/** What turning errors into responses needs. */
export interface ErrorParts {
  readonly config: LiveConfig;
  readonly renderer: Renderer;
  readonly random: Random;
  readonly log: Logger;
}

/** Writes an error as a response, and to the log where an operator should know of it. */
export type SendError = (req: IncomingMessage, res: ServerResponse, error: unknown) => void;

/** Makes the exit. The portal leaves by it, and so may whatever comes before and after it. */
export function createErrorHandler(
  parts: ErrorParts & Pick<PortalParts, 'storeFailed'>,
): SendError {
  return (req, res, error) => {
    const problem = problemOf(error);
    const requestId = findRequestFacts(req)?.id ?? idFrom('request', parts.random.bytes(idBytes));
    noteProblem(parts.log, problem, requestId);
    if (problem.code === 'store-unavailable') parts.storeFailed();
    const config = parts.config.current();
    sendProblem(req, res, problem, {
      portal: config.portal,
      requestId,
      isHttps: config.portal.origin.startsWith('https:'),
      // Whoever calls the API is a program, whatever it says it accepts.
      renderHtml: isApiCall(req, config)
        ? null
        : (shown, id) => renderProblem(parts, config, shown, id, askedPage(req, config)),
    });
  };
}

function isApiCall(req: IncomingMessage, { portal }: Config): boolean {
  const facts = findRequestFacts(req);
  return (
    facts !== null &&
    isPortalRequest(portal, facts) &&
    isApiPath(facts.path.slice(portal.basePath.length))
  );
}

/** Makes the problem page, for whoever writes the response elsewhere: the gateway. */
export function createProblemPage(
  parts: ErrorParts,
): (problem: Problem, requestId: RequestId) => ProblemHtml {
  return (problem, requestId) => renderProblem(parts, parts.config.current(), problem, requestId);
}

/** What is known of the page of ours that somebody asked for. */
interface AskedPage {
  /** Where they wanted to go from there; their form's address says it too. */
  readonly returnTo: string | null;
  readonly isAddressSecret: boolean;
}

function askedPage(req: IncomingMessage, config: Config): AskedPage | undefined {
  const facts = findRequestFacts(req);
  if (facts === null || !isPortalRequest(config.portal, facts)) return undefined;
  return {
    returnTo: returnToIn(config, new Map(), new URLSearchParams(facts.query)),
    isAddressSecret: isSecretPath(config.portal, facts),
  };
}

/** Seconds after which it is worth asking a store again that did not answer. */
const storeRetrySeconds = 5;

/** The problem that an error amounts to. */
function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  // By name: web knows nothing of stores but their types.
  if (error instanceof Error && error.name === 'StoreUnavailable') {
    return new Problem('store-unavailable', {
      retryAfterSeconds: storeRetrySeconds,
      cause: error,
    });
  }
  return new Problem('internal', { cause: error });
}

function renderProblem(
  { random, renderer, log }: ErrorParts,
  config: Config,
  problem: Problem,
  requestId: RequestId,
  { returnTo, isAddressSecret }: AskedPage = { returnTo: null, isAddressSecret: false },
): ProblemHtml {
  const nonce = random.bytes(16).toString('base64');
  const { title, status } = problemTypes[problem.code];
  // Absolute links: the gateway shows this page on the hosts of routes.
  const frame = anonymousFrame(config, nonce, requestId);
  try {
    const html = renderer.render(
      {
        page: 'problem',
        code: problem.code,
        status,
        title,
        detail: problem.detail,
        wait: waitFor(problem, renderer),
        alternatives: alternativesFor(problem, renderer, { config, returnTo }),
      },
      frame,
    );
    const site = {
      portalOrigin: config.portal.origin,
      formTargets: returnOrigins(config),
      isAddressSecret,
    };
    return { html, headers: securityHeaders(site, nonce) };
  } catch (error) {
    log.error({ err: error, requestId }, 'the problem page could not be rendered');
    throw error;
  }
}

function anonymousFrame(config: Config, nonce: string, requestId: RequestId): Frame {
  const { issuer, accent, url } = config.portal;
  return {
    issuer,
    basePath: url,
    nonce,
    csrf: '',
    returnTo: '',
    destination: null,
    signedInAs: null,
    why: null,
    requestId,
    graceBanner: null,
    accent,
    admin: null,
  };
}

/** Whoever starts again and is signed in is sent on from there to whatever is due. */
const startAgain = { page: '/sign-in', label: 'problem.start-again', icon: 'refresh' } as const;
const otherUser = { page: '/sign-out', label: 'problem.other-user', icon: 'arrow-right' } as const;
const toAdmin = {
  page: '/admin',
  label: 'problem.administration',
  icon: 'arrow-right',
} as const;
const toAccount = { page: '/account', label: 'problem.account', icon: 'arrow-right' } as const;

/** What a person could do next; nothing where nothing would help. */
const alternatives = {
  'not-signed-in': startAgain,
  'second-factor-required': startAgain,
  'enrollment-required': startAgain,
  'form-expired': startAgain,
  'challenge-expired': startAgain,
  'invalid-request': startAgain,
  'account-disabled': otherUser,
  'not-admitted': otherUser,
  'not-found': toAccount,
  'method-not-allowed': toAccount,
  'not-permitted': toAdmin,
  conflict: toAdmin,
  'policy-forbids': toAccount,
} as const satisfies Partial<Record<ProblemCode, object>>;

function alternativesFor(
  { code }: Problem,
  { words }: Renderer,
  { config, returnTo }: Pick<Exchange, 'config' | 'returnTo'>,
): readonly Alternative[] {
  if (!Object.hasOwn(alternatives, code)) return [];
  const { page, label, icon } = alternatives[code as keyof typeof alternatives];
  const kept = page === '/account' || page === '/admin' ? null : returnTo;
  // Absolute: the gateway shows this page on the hosts of routes.
  const href = config.portal.origin + pageHref({ config, returnTo: kept }, page);
  return [{ href, label: words.say(label), icon }];
}

/** How long to wait where there were too many attempts, rounded up. */
function waitFor({ code, retryAfterSeconds }: Problem, { words }: Renderer): string | null {
  if (code !== 'too-many-attempts' || retryAfterSeconds === null) return null;
  return retryAfterSeconds < 100
    ? words.count('problem.wait.seconds', Math.max(1, Math.ceil(retryAfterSeconds)))
    : words.count('problem.wait.minutes', Math.ceil(retryAfterSeconds / 60));
}

/** Answers that a caller brought on themselves are no news; the log of requests has them. */
function noteProblem(log: Logger, problem: Problem, requestId: RequestId): void {
  if (problem.code === 'internal') {
    log.error({ err: problem.cause, requestId }, 'a request failed');
  } else if (problem.code === 'store-unavailable') {
    log.warn({ err: problem.cause, requestId }, 'a store did not answer');
  }
}
