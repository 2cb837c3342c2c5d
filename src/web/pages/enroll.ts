/** `/enroll`: what is still to set up, and in which order. */

import type { SessionFacts } from '../../core/facts.ts';
import type { MethodId } from '../../core/proofs.ts';
import { isMethodEnabled, methodsRequiredOf, tierOf } from '../../core/policy/mfa-policy.ts';
import { nextPage } from '../../flows/next-page.ts';
import { hasUnconfirmedCodes } from '../../flows/recovery-codes.ts';
import { outlookOf } from '../destination.ts';
import { type Answer, type Exchange, showPage } from '../exchange.ts';
import { onward, pageHref } from '../onward.ts';
import type { EnrollPage } from '../views.ts';

type Step = EnrollPage['steps'][number];

/** Codes come last: they stand in for what was enrolled before them. */
const stepOrder = ['totp', 'webauthn', 'recovery-code'] as const;

/** Shows the steps; sends on whom nothing obliges to enroll more than they have. */
export async function showEnroll(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session } = exchange;
  const isObliged = nextPage(parts.flows, session) === 'enroll';
  const isDue = await hasUnconfirmedCodes(parts.flows, session);
  const { toEnroll } = outlookOf(exchange);
  const isAsked = isObliged || isDue || toEnroll.length > 0 || session.enrolled.length === 0;
  if (!isAsked) return onward(exchange, session);

  const steps = stepsOf(exchange, isDue, toEnroll);
  const nextHref = steps.find((step) => step.state === 'next')?.href ?? null;
  return showPage(
    { page: 'enroll', steps, nextHref },
    why(exchange, isObliged || toEnroll.length > 0),
  );
}

function stepsOf(
  exchange: Exchange<SessionFacts>,
  isDue: boolean,
  toEnroll: readonly MethodId[],
): readonly Step[] {
  const { config, session } = exchange;
  const { mfa, tiers } = config.policy;
  const required = methodsRequiredOf(tierOf(session.principal, tiers), mfa);
  const offered = (['totp', 'recovery-code'] as const).filter((method) =>
    isMethodEnabled(method, mfa),
  );
  const wanted = new Set<MethodId>([...required, ...toEnroll, ...offered]);
  const has = (method: MethodId) =>
    method === 'recovery-code'
      ? session.recoveryCodesLeft > 0 && !isDue
      : session.enrolled.includes(method);
  const steps = stepOrder.filter((method) => wanted.has(method));
  const next = steps.find((method) => method !== 'webauthn' && !has(method));
  return steps.map((method) => stepFor(exchange, method, stateOf(method, has(method), next)));
}

function stateOf(method: MethodId, isDone: boolean, next: MethodId | undefined): Step['state'] {
  if (isDone) return 'done';
  if (method === 'webauthn') return 'unavailable';
  return method === next ? 'next' : 'later';
}

function stepFor(exchange: Exchange, method: MethodId, state: Step['state']): Step {
  const { say } = exchange.parts.renderer.words;
  const path = method === 'totp' ? '/enroll/totp' : '/recovery-codes';
  return {
    title: say(`enroll.step.${method}`),
    description: say(`enroll.step.${method}.text`),
    state,
    href: state === 'next' ? pageHref(exchange, path) : null,
  };
}

function why(exchange: Exchange, isAskedFor: boolean): string | null {
  if (!isAskedFor) return null;
  const { issuer } = exchange.config.portal;
  return exchange.parts.renderer.words.say('enroll.why', { issuer });
}
