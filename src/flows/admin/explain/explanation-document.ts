/** An explanation for programs: member names as in the JSON API (contract section 7). */

import { reasons } from '../../../core/policy/reasons.ts';
import { unreachable } from '../../../core/unreachable.ts';
import type { AccessAnswer, ExplainedAccess } from './explain-request.ts';

/** What a program is told: of `url` as it was asked about, unless it was settled. */
export function explanationDocument(
  answer: Exclude<AccessAnswer, { outcome: 'unreadable' }>,
  asked: { readonly url: string; readonly portalUrl: string },
) {
  switch (answer.outcome) {
    case 'explained':
      return explainedDocument(answer);
    case 'refused':
      return {
        decision: 'refused',
        reason: answer.reason,
        sentence: answer.sentence,
        request: { url: asked.url },
      };
    case 'portal':
      return {
        decision: 'portal',
        reason: 'portal',
        sentence: portalSentence(asked.portalUrl),
        request: { url: asked.url },
      };
    default:
      return unreachable(answer);
  }
}

/** What is said of our own pages. */
export function portalSentence(portalUrl: string): string {
  return `This is the portal (${portalUrl}), which answers by itself.`;
}

function explainedDocument({ explanation, url, visitor, assumptions }: ExplainedAccess) {
  const { request, decision, routes, rules, checks, wouldPass } = explanation;
  return {
    decision: decision.kind,
    reason: decision.reason,
    sentence: reasons[decision.reason],
    route: routes.find((route) => route.outcome === 'taken')?.name ?? null,
    rule: decision.rule?.id ?? null,
    request: { ...request, url },
    user:
      visitor === null
        ? null
        : {
            username: visitor.isKnown ? visitor.session.principal.username : null,
            groups: visitor.session.principal.groups,
            tier: visitor.tier,
            enrolled: visitor.session.enrolled,
            recovery_codes_left: visitor.session.recoveryCodesLeft,
            proofs: visitor.session.proofs.map((proof) => ({
              method: proof.method,
              at: new Date(proof.at).toISOString(),
            })),
          },
    assumptions: assumptions.map(({ sentence }) => sentence),
    routes,
    rules,
    checks,
    would_pass: wouldPass,
  };
}
