/**
 * One request to one of our own pages, and what may be answered to it.
 *
 * Handlers see values only: they get an `Exchange` and return an `Answer`. Sockets, headers and
 * express-session stay in portal.ts, so that no page can forget a header or a cookie flag.
 */

import type { RequestHandler } from 'express';
import type { Config, LiveConfig } from '../config/config.ts';
import type { RequestFacts, SessionFacts } from '../core/facts.ts';
import type { TenantId } from '../core/ids.ts';
import type { Decision } from '../core/policy/decision.ts';
import type { Problem, ProblemCode } from '../core/problem.ts';
import type { Route } from '../core/route.ts';
import type { EpochMs } from '../core/time.ts';
import type { TokenKind, TokenScope } from '../core/tokens.ts';
import type { EvidenceRuns } from '../flows/evidence/evidence-runs.ts';
import type { FlowContext, NewSession, Visit } from '../flows/flow-context.ts';
import type { Signer } from '../platform/signing.ts';
import type { AdminFrame } from './admin/views.ts';
import type { Form } from './form.ts';
import type { Renderer } from './render.ts';
import type { Page } from './views.ts';

/** What the portal is built from. */
export interface PortalParts {
  readonly flows: FlowContext;
  /** Runs of evidence at this instance. */
  readonly evidence: EvidenceRuns;
  /** Session facts by the `Cookie` header; the gateway asks the same function. */
  readonly recall: (cookieHeader: string | undefined) => Promise<SessionFacts | null>;
  /** Facts by a token; null: it does not count. */
  readonly recallToken: (
    token: string,
    asked: { readonly kinds: readonly TokenKind[]; readonly scope: TokenScope },
  ) => Promise<TokenHolder | null>;
  /** express-session; it runs only where a session is written. */
  readonly session: RequestHandler;
  readonly renderer: Renderer;
  readonly config: LiveConfig;
  /** Makes tokens. */
  readonly signer: Pick<Signer, 'signToken'>;
  /** The public keys that assertions are signed with. */
  readonly jwks: () => Promise<object>;
  /** What a tenant's people have open at this instance. */
  readonly openStreams: (tenant: TenantId) => readonly ListedStream[];
  /** Writes a decision about the administration down, as the gateway does its own. */
  readonly recordDecision: (judged: JudgedRequest) => void;
  /** For metrics: a page could not be answered because a store did not answer. */
  readonly storeFailed: () => void;
}

/** A WebSocket, or an answer that is being passed on. */
export interface ListedStream {
  readonly kind: 'upgraded' | 'response';
  readonly openedAt: EpochMs;
  readonly request: RequestFacts;
  readonly routeName: string;
  /** As it was when it was opened. */
  readonly session: SessionFacts;
}

/** What was decided about a request to the administration. */
export interface JudgedRequest {
  readonly request: RequestFacts;
  readonly route: Route;
  /** Who asks; null also where nobody was looked up. */
  readonly session: SessionFacts | null;
  readonly decision: Decision;
}

/** Somebody who came with a token. */
export interface TokenHolder {
  /** By which a token that works once is used up. */
  readonly id: string;
  readonly expiresAt: EpochMs;
  readonly session: SessionFacts;
}

/** One request to one of our own pages. */
export interface Exchange<Session extends SessionFacts | null = SessionFacts | null> {
  readonly parts: PortalParts;
  /** The configuration that this request is answered under, whatever is reloaded meanwhile. */
  readonly config: Config;
  readonly request: RequestFacts;
  /** Path below the portal's base path: `/sign-in`. */
  readonly path: string;
  /** What stood for `:name` in the endpoint's path; empty where there is none. */
  readonly parameter: string;
  /** HEAD, or a browser that loads ahead: nothing may be used up. */
  readonly isRehearsal: boolean;
  readonly now: EpochMs;
  readonly visit: Visit;
  readonly session: Session;
  /** Empty unless something was posted. */
  readonly form: Form;
  readonly query: URLSearchParams;
  /** Where the person wants to go: validated, absolute, or null. */
  readonly returnTo: string | null;
  /** The form cookie of this browser: what a passkey's answer is tied to while nobody is signed in. */
  readonly browser: string;
  /** Gives the person a new session with more proofs in place of the one they came with. */
  readonly rise: (session: NewSession) => Promise<SessionFacts>;
  /** Asks again who the cookie of this request belongs to. */
  readonly recallAgain: () => Promise<SessionFacts | null>;
}

/** Answers requests to one endpoint. */
export type Handler<Session extends SessionFacts | null> = (
  exchange: Exchange<Session>,
) => Promise<Answer> | Answer;

/** What may be answered. */
export type Answer = PageAnswer | RefusalAnswer | RedirectAnswer | FileAnswer | StreamAnswer;

/** A page, with status 200. */
export interface PageAnswer {
  readonly kind: 'page';
  readonly page: Page;
  readonly why: string | null;
  /** Pages of the administration get it from their row of the table. */
  readonly admin?: AdminFrame;
}

/** A page whose form was refused: shown again with errors, under the problem's status and code. */
export interface RefusalAnswer {
  readonly kind: 'refusal';
  readonly page: Page;
  readonly why: string | null;
  readonly admin?: AdminFrame;
  readonly problem: Problem;
}

/** Why somebody is sent to another page than they asked for. */
export type RedirectReason = Extract<
  ProblemCode,
  'not-signed-in' | 'second-factor-required' | 'enrollment-required' | 'step-up-required'
>;

/** On to another address of ours. */
export interface RedirectAnswer {
  readonly kind: 'redirect';
  readonly to: string;
  /** For `Sallyport-Response`. */
  readonly code: 'redirect' | RedirectReason;
  /** The session has ended: its cookie is removed. */
  readonly endsSession: boolean;
}

/** Something that is not a page: a stylesheet, a key set. */
export interface FileAnswer {
  readonly kind: 'file';
  readonly body: Buffer;
  readonly contentType: string;
  readonly cacheControl: string;
  readonly etag: string | null;
}

/** A file to be kept, written as it comes. Whoever answers so has the first of it at hand. */
export interface StreamAnswer {
  readonly kind: 'stream';
  readonly chunks: AsyncIterable<string>;
  readonly contentType: string;
  readonly fileName: string;
}

/** Shows a page. */
export function showPage(page: Page, why: string | null = null): PageAnswer {
  return { kind: 'page', page, why };
}

/** Shows a page again whose form was refused. */
export function refuse(problem: Problem, page: Page, why: string | null = null): RefusalAnswer {
  return { kind: 'refusal', problem, page, why };
}

/** Sends the person on. */
export function redirectTo(to: string, code: RedirectAnswer['code'] = 'redirect'): RedirectAnswer {
  return { kind: 'redirect', to, code, endsSession: false };
}
