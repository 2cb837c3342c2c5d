/**
 * Writes a problem as a response: a page for people, `application/problem+json` for programs.
 *
 * Portal and gateway both answer with problems and never import each other. Nothing else in the
 * program writes an error response over HTTP.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestId } from '../core/ids.ts';
import { problemDocument } from '../core/problem-document.ts';
import type { Problem } from '../core/problem.ts';

/** A problem page, with the headers that belong to it (its Content-Security-Policy above all). */
export interface ProblemHtml {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a problem response depends on beside the problem. */
export interface ProblemSetting {
  readonly portal: { readonly url: string };
  readonly requestId: RequestId;
  /** Our public address is https: the response carries Strict-Transport-Security. */
  readonly isHttps: boolean;
  /** Renders the page for people; null where nobody can be looking. */
  readonly renderHtml: ((problem: Problem, requestId: RequestId) => ProblemHtml) | null;
  /** Headers of this response, such as `WWW-Authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Strict-Transport-Security as we send it: a year, with every host below (ASVS 5.0 §3.4.1). */
export const strictTransportSecurity = 'max-age=31536000; includeSubDomains';

/**
 * Answers a request with a problem. When a response has already begun, the connection is cut
 * instead: a cut answer is seen to be incomplete, an appended one is not.
 */
export function sendProblem(
  req: IncomingMessage,
  res: ServerResponse,
  problem: Problem,
  setting: ProblemSetting,
): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const page = prefersHtml(req.headers.accept) ? pageOrNull(problem, setting) : null;
  const body =
    page?.html ??
    `${JSON.stringify(problemDocument(problem, setting.portal, setting.requestId))}\n`;

  res.statusCode = problem.status;
  res.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
  res.setHeader('X-Content-Type-Options', 'nosniff');
  res.setHeader('Referrer-Policy', 'same-origin');
  if (setting.isHttps) res.setHeader('Strict-Transport-Security', strictTransportSecurity);
  for (const [name, value] of Object.entries({ ...page?.headers, ...setting.headers })) {
    res.setHeader(name, value);
  }
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('Vary', 'Accept');
  res.setHeader('Sallyport-Response', problem.code);
  if (problem.retryAfterSeconds !== null) {
    res.setHeader('Retry-After', String(problem.retryAfterSeconds));
  }
  // RFC 9457 §3: JSON knows no charset parameter.
  const type = page === null ? 'application/problem+json' : 'text/html; charset=utf-8';
  res.setHeader('Content-Type', type);
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.end(req.method === 'HEAD' ? undefined : body);
}

/**
 * Says whether a caller would rather have a page than a document. Only who names `text/html` is
 * taken for a browser: programs send a wildcard or nothing.
 */
export function prefersHtml(accept: string | undefined): boolean {
  const html = qualityOf(accept, htmlTypes);
  return html > 0 && html >= qualityOf(accept, jsonTypes);
}

/** Says whether a caller asks for a document even where a page is the usual answer. */
export function prefersJson(accept: string | undefined): boolean {
  const json = qualityOf(accept, jsonTypes);
  return json > 0 && json > qualityOf(accept, htmlTypes);
}

const htmlTypes = ['text/html', 'application/xhtml+xml'];
const jsonTypes = ['application/problem+json', 'application/json'];

function qualityOf(accept: string | undefined, types: readonly string[]): number {
  const qualities = (accept ?? '').split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (!types.includes(type)) return 0;
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    const quality = weight === undefined ? 1 : Number(weight.slice(2));
    return Number.isFinite(quality) ? quality : 0;
  });
  return Math.max(0, ...qualities);
}

/** A page that cannot be rendered must not hide the problem: the document is sent instead. */
function pageOrNull(problem: Problem, setting: ProblemSetting): ProblemHtml | null {
  try {
    return setting.renderHtml?.(problem, setting.requestId) ?? null;
  } catch {
    return null;
  }
}
