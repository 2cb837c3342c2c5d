/**
 * Writes what a page answered: headers, cookies, status, HTML.
 *
 * Every response says by `Sallyport-Response` that it is ours: `ok` for a page, `redirect` or the
 * reason for a redirect, else the code of the problem.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Config } from '../config/config.ts';
import { ownCookies } from '../core/cookie-names.ts';
import type { RequestFacts } from '../core/facts.ts';
import { isSecretPath } from '../core/locations.ts';
import type { EpochMs } from '../core/time.ts';
import { prefersJson } from '../platform/problem-response.ts';
import { cookieToClear, cookieToSet } from './cookies.ts';
import { formKeyPurpose, formToken } from './csrf.ts';
import { destinationOf, returnOrigins } from './destination.ts';
import type {
  Answer,
  Exchange,
  FileAnswer,
  PageAnswer,
  PortalParts,
  RedirectAnswer,
  RefusalAnswer,
  StreamAnswer,
} from './exchange.ts';
import { graceSentence } from './grace.ts';
import { securityHeaders } from './security-headers.ts';
import type { Frame, Page } from './views.ts';

/** One request and the means to answer it. */
export interface Desk {
  readonly parts: PortalParts;
  readonly config: Config;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly request: RequestFacts;
  readonly now: EpochMs;
}

/** The cookie that forms are bound to. */
export interface FormCookie {
  readonly value: string;
  readonly isNew: boolean;
}

/** Writes an answer. Throws the problem of a refused form where a document is wanted instead. */
export function writeAnswer(
  desk: Desk,
  exchange: Exchange,
  answer: Answer,
  formCookie: FormCookie | null,
): void {
  const { parts, config, res } = desk;
  const nonce = parts.flows.random.bytes(16).toString('base64');
  const site = {
    portalOrigin: config.portal.origin,
    formTargets: returnOrigins(config),
    isAddressSecret: isSecretPath(config.portal, desk.request),
  };
  for (const [name, value] of Object.entries(securityHeaders(site, nonce))) {
    res.setHeader(name, value);
  }
  res.setHeader('Cache-Control', 'no-store');
  switch (answer.kind) {
    case 'refusal':
      if (prefersJson(desk.req.headers.accept)) throw answer.problem;
      writePage(desk, exchange, answer, { nonce, formCookie });
      break;
    case 'page':
      writePage(desk, exchange, answer, { nonce, formCookie });
      break;
    case 'redirect':
      writeRedirect(desk, answer);
      break;
    case 'file':
      writeFile(desk, answer);
      break;
    case 'stream':
      void writeStream(desk, answer);
      break;
  }
}

function writePage(
  desk: Desk,
  exchange: Exchange,
  answer: PageAnswer | RefusalAnswer,
  { nonce, formCookie }: { readonly nonce: string; readonly formCookie: FormCookie | null },
): void {
  const { parts, config, res } = desk;
  const problem = answer.kind === 'refusal' ? answer.problem : null;
  const { csrf, isSecure } = ownCookies(config.portal);
  if (formCookie?.isNew === true) {
    const cookie = cookieToSet(csrf, formCookie.value, { isSecure, domain: null });
    res.appendHeader('Set-Cookie', cookie);
  }
  if (problem !== null && problem.retryAfterSeconds !== null) {
    res.setHeader('Retry-After', String(problem.retryAfterSeconds));
  }
  const frame = frameFor(exchange, answer, { nonce, cookie: formCookie?.value ?? '' });
  const body = Buffer.from(parts.renderer.render(answer.page, frame));
  res.statusCode = problem?.status ?? 200;
  res.setHeader('Sallyport-Response', problem?.code ?? 'ok');
  end(desk, body, 'text/html; charset=utf-8');
}

/** They say it themselves, or the person is at it already. */
const isAboutEnrolling: ReadonlySet<Page['page']> = new Set([
  'reminder',
  'enroll',
  'enroll-totp',
  'enroll-passkey',
  'enroll-guarded',
  'link-enroll-again',
  'recovery-codes',
]);

function frameFor(
  exchange: Exchange,
  { page, why, admin }: PageAnswer | RefusalAnswer,
  form: { readonly nonce: string; readonly cookie: string },
): Frame {
  const { parts, config, session, returnTo, request } = exchange;
  const { issuer, basePath, accent } = config.portal;
  return {
    issuer,
    basePath,
    nonce: form.nonce,
    csrf: formToken({
      key: parts.flows.sealer.deriveKey(formKeyPurpose),
      cookie: form.cookie,
      session: session?.key ?? null,
    }),
    returnTo: returnTo ?? '',
    destination: destinationOf(exchange),
    signedInAs:
      session === null
        ? null
        : { username: session.principal.username, displayName: session.principal.displayName },
    why,
    requestId: request.id,
    graceBanner: isAboutEnrolling.has(page.page) ? null : graceSentence(exchange),
    accent,
    admin: admin ?? null,
  };
}

function writeRedirect({ config, req, res }: Desk, answer: RedirectAnswer): void {
  if (answer.endsSession) {
    const { session, isSecure, sessionDomain } = ownCookies(config.portal);
    res.appendHeader('Set-Cookie', cookieToClear(session, { isSecure, domain: sessionDomain }));
  }
  // 303: whatever was posted is not posted again (RFC 9110 §15.4.4).
  res.statusCode = req.method === 'GET' || req.method === 'HEAD' ? 302 : 303;
  res.setHeader('Location', answer.to);
  res.setHeader('Sallyport-Response', answer.code);
  res.setHeader('Content-Length', 0);
  res.end();
}

function writeFile(desk: Desk, { body, contentType, cacheControl, etag }: FileAnswer): void {
  const { req, res } = desk;
  res.statusCode = 200;
  res.setHeader('Cache-Control', cacheControl);
  res.setHeader('Sallyport-Response', 'ok');
  // Our problem pages stand on the hosts of routes too and load these from there.
  res.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
  if (etag !== null) res.setHeader('ETag', etag);
  if (etag !== null && req.headers['if-none-match'] === etag) {
    res.statusCode = 304;
    res.end();
    return;
  }
  end(desk, body, contentType);
}

/** How long somebody may take to read on: a file that nobody reads holds its place no longer. */
const readMilliseconds = 60_000;

/**
 * Writes as fast as it is read, and stops when nobody reads. What fails half-way ends the
 * connection, so that half a file is not taken for a whole one.
 */
async function writeStream(
  desk: Desk,
  { chunks, contentType, fileName }: StreamAnswer,
): Promise<void> {
  const { parts, req, res, request } = desk;
  res.statusCode = 200;
  res.setHeader('Sallyport-Response', 'ok');
  res.setHeader('Content-Type', contentType);
  res.setHeader('Content-Disposition', `attachment; filename="${fileName}"`);
  if (req.method === 'HEAD') {
    res.end();
    return;
  }
  res.setTimeout(readMilliseconds, () => res.destroy());
  try {
    await pipeline(Readable.from(chunks, { objectMode: true, highWaterMark: 1 }), res);
  } catch (error) {
    parts.flows.log.info({ err: error, requestId: request.id, file: fileName }, 'file cut short');
  }
}

function end({ req, res }: Desk, body: Buffer, contentType: string): void {
  res.setHeader('Content-Type', contentType);
  res.setHeader('Content-Length', body.length);
  res.end(req.method === 'HEAD' ? undefined : body);
}
