/** A refusal as the doors answer it: with the address of the page that helps, and the way back. */

import type { RequestFacts } from '../core/facts.ts';
import { authorityOf } from '../core/host.ts';
import { pageUrl, type Portal } from '../core/locations.ts';
import type { Allow, Decision } from '../core/policy/decision.ts';
import { refusalOf } from '../core/policy/refusal.ts';
import type { Problem } from '../core/problem.ts';
import { isSafe } from '../core/safe-method.ts';

/** A decision as an answer. */
export interface Answer {
  readonly problem: Problem;
  /** The page of the portal where a person can change the outcome; null: none can. */
  readonly location: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Our own addresses. */
export interface Places {
  readonly portal: Portal;
  readonly server: { readonly publicUrl: string };
}

/** The answer to a request that may not pass. */
export function answerTo(
  decision: Exclude<Decision, Allow>,
  request: RequestFacts,
  places: Places,
): Answer {
  const { portal } = places;
  const back = publicUrlOf(request, places);
  // A page that posts comes back by its own means.
  const comesBack = request.isNavigation || isSafe(request.method);
  const { problem, page, headers } = refusalOf(decision, (helpful) =>
    comesBack ? pageUrl(portal, helpful, back) : pageUrl(portal, helpful),
  );
  return { problem, headers, location: page === null ? null : pageUrl(portal, page, back) };
}

/**
 * The address that was asked for, as people type it. A proxy in front of us may end TLS or answer
 * at another port; the configuration knows what is typed.
 */
export function publicUrlOf(request: RequestFacts, { server }: Places): string {
  const { protocol, port } = new URL(server.publicUrl);
  const authority = authorityOf(protocol === 'https:' ? 'https' : 'http', {
    host: request.host,
    port: port === '' ? null : Number(port),
  });
  return `${protocol}//${authority}${request.path}${request.query}`;
}
