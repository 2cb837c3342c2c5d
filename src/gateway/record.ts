/**
 * Writes down what became of requests: a number when it is decided, an audit event when it is
 * denied, and one line in the log when it is over.
 */

import type { NewAuditEvent, Severity } from '../core/audit-event.ts';
import { defaultTenant } from '../core/ids.ts';
import type { RequestFacts } from '../core/facts.ts';
import type { Problem, ProblemCode } from '../core/problem.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { AuditQueue } from './audit-queue.ts';
import type { Judgement } from './pipeline.ts';

/** What is known of a request when it is over. */
export interface Ending {
  /** What the client was answered; null when it went away before. */
  readonly status: number | null;
  readonly problem: ProblemCode | null;
  readonly durationMilliseconds: number;
  readonly upstreamMilliseconds: number | null;
}

/** Writes down. */
export interface Recorder {
  decided(judgement: Judgement): void;
  ended(judgement: Judgement, ending: Ending): void;
  /** A request that never came to a decision: malformed, or nobody could be looked up. */
  refused(request: RefusedRequest, problem: Problem): void;
}

/** What little is known of a request that could not be read. */
export type RefusedRequest = Pick<RequestFacts, 'id' | 'door'> &
  Partial<Pick<RequestFacts, 'method' | 'host' | 'path' | 'ip'>>;

/** Longest path that an audit event repeats. */
const auditedPathMax = 512;

/** Makes a recorder. */
export function createRecorder(deps: {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly queue: AuditQueue;
  readonly auditsAllowed: () => boolean;
  /** The path as it may be repeated (core/locations.ts). */
  readonly shown: (request: {
    readonly host?: string | undefined;
    readonly path: string;
  }) => string;
}): Recorder {
  const { clock, log, metrics, queue } = deps;
  return {
    decided(judgement) {
      const { decision, route } = judgement;
      metrics.decided({
        decision: decision.kind,
        reason: decision.reason,
        route: route?.name ?? 'none',
      });
      if (decision.kind === 'deny' && decision.reason !== 'no-route') {
        const severity = decision.reason === 'network-not-allowed' ? 'warning' : 'notice';
        enqueue(judgement, 'request.denied', severity);
      } else if (decision.kind === 'allow' && deps.auditsAllowed()) {
        enqueue(judgement, 'request.allowed', 'info');
      }
    },

    ended(judgement, ending) {
      const { request, route, session, decision } = judgement;
      const routeName = route?.name ?? 'none';
      metrics.requestTook(routeName, ending.durationMilliseconds / 1000);
      if (ending.upstreamMilliseconds !== null) {
        metrics.upstreamTook(routeName, ending.upstreamMilliseconds / 1000);
      }
      log.info(
        {
          requestId: request.id,
          door: request.door,
          method: request.method,
          host: request.host,
          // The query stays out: people put secrets there.
          path: deps.shown(request),
          ip: request.ip,
          decision: decision.kind,
          reason: decision.reason,
          ruleId: decision.rule?.id ?? null,
          routeId: route?.name ?? null,
          principalId: session?.principal.id ?? null,
          status: ending.status,
          problem: ending.problem,
          durationMs: Math.round(ending.durationMilliseconds * 10) / 10,
        },
        'request',
      );
    },

    refused({ id, door, method, host, path, ip }, problem) {
      const { code, status } = problem;
      metrics.decided({ decision: 'refused', reason: code, route: 'none' });
      if (code === 'store-unavailable') metrics.storeFailed();
      const shown = path === undefined ? path : deps.shown({ host, path });
      const line = { requestId: id, door, method, host, path: shown, ip, status, problem: code };
      if (status < 500) log.info(line, 'request');
      else log.error({ ...line, err: problem.cause }, 'request');
    },
  };

  function enqueue(
    { request, route, session, decision }: Judgement,
    type: NewAuditEvent['type'],
    severity: Severity,
  ): void {
    const actor = session?.principal.username ?? 'anonymous';
    const event: NewAuditEvent = {
      at: clock.now(),
      type,
      severity,
      actor,
      subject: session?.principal.id ?? null,
      tenant: session?.principal.tenant ?? defaultTenant,
      ip: request.ip,
      userAgent: request.userAgent,
      session: session?.key ?? null,
      requestId: request.id,
      details: {
        door: request.door,
        method: request.method,
        host: request.host,
        path: deps.shown(request).slice(0, auditedPathMax),
        route: route?.name ?? '',
        rule: decision.rule?.id ?? '',
        reason: decision.reason,
      },
    };
    const sameness =
      type === 'request.allowed'
        ? null
        : [actor, request.ip, route?.name, decision.rule?.id, decision.reason].join(' ');
    queue.add(event, sameness);
  }
}
