/**
 * The door to the API, below `{portal}/api/v1`: finds the operation, lets in who may come in,
 * checks what they bring, and has the answer written.
 *
 * What holds for all operations happens here, once; none can forget it, because none is asked.
 * Every error leaves as `application/problem+json` through the portal's one exit. There is no CORS:
 * pages of other sites are answered like any stranger and cannot read it.
 */

import { Problem } from '../../core/problem.ts';
import { defaultRequirement } from '../../core/policy/requirement.ts';
import { stepUpChallenge } from '../../core/policy/refusal.ts';
import { pageUrl } from '../../core/locations.ts';
import { isSafe } from '../../core/safe-method.ts';
import { unreachable } from '../../core/unreachable.ts';
import { assertAdministrationNetwork, noteNotPermitted } from '../access.ts';
import { securityHeaders } from '../security-headers.ts';
import type { Desk } from '../write-answer.ts';
import { apiPath } from './api-path.ts';
import { type Caller, callerOf } from './caller.ts';
import { idempotencyKeyIn, repeatable, type Repeated } from './idempotency.ts';
import { isOfAdministration, type ApiAnswer, type ApiCall, type Operation } from './operation.ts';
import { matchOperation } from './operations.ts';
import { assertJsonType, parseJson, readBody } from './read-json.ts';
import { riseOf } from './rise.ts';
import { validated } from './validate.ts';

/** Answers a call, or throws what the caller must be told. */
export async function serveCall(desk: Desk, path: string): Promise<void> {
  try {
    await serve(desk, path.slice(apiPath.length));
  } catch (error) {
    throw error instanceof Problem ? withChallenge(desk, error) : error;
  }
}

async function serve(desk: Desk, path: string): Promise<void> {
  const match = matchOperation(desk.request.method, path);
  await assertWithinLimit(desk, match.kind === 'operation' ? match.operation.limit : 'page');
  switch (match.kind) {
    case 'none':
      throw new Problem('not-found');
    case 'other-method':
      desk.res.setHeader('Allow', match.allowed.join(', '));
      throw new Problem('method-not-allowed');
    case 'operation':
      break;
    default:
      unreachable(match);
  }
  const { operation, parameters } = match;
  // Before anybody is looked up (guarantee G3).
  if (isOfAdministration(operation.who)) assertAdministrationNetwork(desk);
  const caller = await callerOf(desk, operation);
  const body = await readBody(desk.req, desk.res);
  if (body.length > 0 && !isSafe(operation.method)) {
    assertJsonType(desk.req.headers['content-type']);
  }
  const checked = validated(operation, {
    body: parseJson(body),
    query: desk.request.query,
  });
  const call = callFor(desk, caller, { ...checked, parameters });
  const { answer, isReplay } = await answerOf(desk, operation, { call, body }).catch(
    (error: unknown) => {
      if (call.session !== null) noteNotPermitted({ ...call, session: call.session }, error);
      throw error;
    },
  );
  writeJson(desk, answer, { isReplay });
}

async function assertWithinLimit(
  { parts, request }: Desk,
  limit: Operation['limit'],
): Promise<void> {
  const answer = await parts.flows.limits.request(limit, request.ip);
  if (answer.ok) return;
  throw new Problem('too-many-attempts', { retryAfterSeconds: answer.retryAfterSeconds });
}

function callFor(
  desk: Desk,
  caller: Caller,
  asked: Pick<ApiCall, 'parameters' | 'body' | 'query'>,
): ApiCall {
  const { parts, config, request, now } = desk;
  const { ip, userAgent, id } = request;
  // A program is no browser that somebody could trust.
  const visit = { ip, userAgent, requestId: id, deviceKey: null };
  return {
    ...asked,
    parts,
    config,
    request,
    now,
    visit,
    session: caller.session,
    rise: riseOf(desk, caller, visit),
  };
}

async function answerOf(
  desk: Desk,
  operation: Operation,
  { call, body }: { readonly call: ApiCall; readonly body: Buffer },
): Promise<Repeated> {
  const key = operation.isRepeatable ? idempotencyKeyIn(desk.req) : null;
  if (key === null || call.session === null) {
    return { answer: await operation.answer(call), isReplay: false };
  }
  const { method, path, query } = desk.request;
  const repeated = {
    caller: call.session.principal.id,
    method,
    target: path + query,
    body,
  };
  return repeatable(desk.parts.flows, key, repeated, () => operation.answer(call));
}

function writeJson(
  { config, req, res }: Desk,
  { status, body, headers }: ApiAnswer,
  { isReplay }: { readonly isReplay: boolean },
): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  const site = { portalOrigin: config.portal.origin, formTargets: [] };
  // What is JSON is never shown as a page: whatever would let it be is closed.
  const fences = securityHeaders(site, '');
  for (const [name, value] of Object.entries(fences)) res.setHeader(name, value);
  res.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
  for (const [name, value] of Object.entries(headers ?? {})) res.setHeader(name, value);
  res.statusCode = status;
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('Sallyport-Response', 'ok');
  if (isReplay) res.setHeader('Idempotency-Replayed', 'true');
  res.setHeader('Content-Type', 'application/json');
  res.setHeader('Content-Length', bytes.length);
  res.end(req.method === 'HEAD' ? undefined : bytes);
}

/**
 * The problem with what a program needs to get past it: RFC 9110 §15.5.2 asks for a challenge with
 * every 401, RFC 9470 §3 says how proofs fall short, and the body names the page where a person
 * confirms. Problems that flows throw know nothing of either.
 */
function withChallenge({ res, config }: Desk, problem: Problem): Problem {
  if (problem.status !== 401 || res.headersSent) return problem;
  if (problem.code === 'step-up-required' && !res.hasHeader('WWW-Authenticate')) {
    const withinSeconds = config.policy.stepUpWithinSeconds;
    res.setHeader('WWW-Authenticate', stepUpChallenge({ ...defaultRequirement, withinSeconds }));
    const { detail, cause, members } = problem;
    const url = pageUrl(config.portal, 'step-up');
    return new Problem('step-up-required', {
      ...(detail !== null && { detail }),
      cause,
      members: { ...members, step_up_url: url },
    });
  }
  if (!res.hasHeader('WWW-Authenticate')) res.setHeader('WWW-Authenticate', 'Bearer');
  return problem;
}
