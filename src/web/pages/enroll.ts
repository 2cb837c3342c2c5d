/** `/enroll`: what is still to set up, and in which order. */

import type { SessionFacts } from '../../core/facts.ts';
import type { MethodId } from '../../core/proofs.ts';
import { usableSecondFactors } from '../../core/policy/decide.ts';
import {
  isMethodEnabled,
  methodsRequiredOf,
  mustUseHardwareKey,
  tierOf,
} from '../../core/policy/mfa-policy.ts';
import { isKeptFromEnrolling } from '../../flows/enroll/may-enroll.ts';
import { hasUnconfirmedCodes } from '../../flows/enroll/recovery-codes.ts';
import { outlookOf, type SecondFactor } from '../destination.ts';
import { type Answer, type Exchange, showPage } from '../exchange.ts';
import { onward, pageHref, type PagePath } from '../onward.ts';
import type { Alternative, EnrollPage } from '../views.ts';
import { isToEnroll, whyEnroll } from './enrollment.ts';
import { hasDomain, noDomainSentence } from './passkey-domain.ts';

type Step = EnrollPage['steps'][number];

const authenticators = ['totp', 'webauthn'] as const;

const secondFactors = [...authenticators, 'recovery-code'] as const;

const pathOf: Readonly<Record<SecondFactor, PagePath>> = {
  totp: '/enroll/totp',
  webauthn: '/enroll/passkey',
  'recovery-code': '/recovery-codes',
};

/** Shows the steps, or why there are none after a reset; sends on whom nothing obliges to enroll more than they have. */
export async function showEnroll(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session } = exchange;
  // After a reset, whatever is asked for: nothing can be set up before this is answered.
  if (await isKeptFromEnrolling(parts.flows, session)) return showPage({ page: 'enroll-guarded' });
  const isObliged = isToEnroll(exchange);
  const isDue = await hasUnconfirmedCodes(parts.flows, session);
  const { toEnroll, choices } = outlookOf(exchange);
  const isAskedFor = isObliged || toEnroll.length > 0 || choices.length > 0;
  const isAsked = isAskedFor || isDue || session.enrolled.length === 0;
  if (!isAsked) return onward(exchange, session);

  const { wanted, instead } = planFor(exchange, { toEnroll, choices });
  const has = (method: MethodId) =>
    method === 'recovery-code'
      ? session.recoveryCodesLeft > 0 && !isDue
      : usableSecondFactors(session, exchange.config.policy).includes(method);
  const ordered = inOrder(exchange, wanted, { has, areCodesDue: isDue });
  const next = ordered.find((method) => !has(method) && isPossible(exchange, method));
  const steps = ordered.map((method) => stepFor(exchange, method, { isDone: has(method), next }));
  const nextHref = next === undefined ? null : pageHref(exchange, pathOf[next]);
  const alternatives = instead.map((method) => insteadLink(exchange, method));
  return showPage(
    { page: 'enroll', steps, nextHref, alternatives },
    whyEnroll(exchange, isAskedFor),
  );
}

/**
 * What is to be set up, and what would do in place of the first of it. Where nothing in particular
 * is asked for, any authenticator is enough.
 */
function planFor(
  exchange: Exchange<SessionFacts>,
  asked: { readonly toEnroll: readonly MethodId[]; readonly choices: readonly MethodId[] },
): { readonly wanted: readonly SecondFactor[]; readonly instead: readonly SecondFactor[] } {
  const { mfa, tiers } = exchange.config.policy;
  const required = methodsRequiredOf(tierOf(exchange.session.principal, tiers), mfa);
  const wanted = new Set<MethodId>([...required, ...asked.toEnroll]);
  if (isMethodEnabled('recovery-code', mfa)) wanted.add('recovery-code');

  const isSettled = authenticators.some((method) => wanted.has(method));
  const candidates = isSettled ? [] : candidatesFor(exchange, asked.choices);
  const [first, ...instead] = candidates;
  if (first !== undefined) wanted.add(first);
  return { wanted: secondFactors.filter((method) => wanted.has(method)), instead };
}

/**
 * As people go through them, from above: what they have, or the first authenticator; the codes,
 * which come with it; then the rest. Codes that were used up do not stand before what is asked for.
 */
function inOrder(
  exchange: Exchange,
  wanted: readonly SecondFactor[],
  { has, areCodesDue }: { has: (method: SecondFactor) => boolean; areCodesDue: boolean },
): readonly SecondFactor[] {
  const all = wanted.filter((method) => method !== 'recovery-code');
  const held = all.filter(has);
  const first = held.length > 0 ? held : all.filter((one) => isPossible(exchange, one)).slice(0, 1);
  const rest = all.filter((method) => !first.includes(method));
  const codes = wanted.filter((method) => method === 'recovery-code');
  const areCodesNext = held.length === 0 || areCodesDue || codes.every(has);
  return areCodesNext ? [...first, ...codes, ...rest] : [...first, ...rest, ...codes];
}

/** Any of these would do: what the person has, so that it stands there as done, else what can be. */
function candidatesFor(
  exchange: Exchange<SessionFacts>,
  choices: readonly MethodId[],
): readonly (typeof authenticators)[number][] {
  const { session, config } = exchange;
  const usable = usableSecondFactors(session, config.policy);
  const held = authenticators.filter((method) => usable.includes(method));
  if (choices.length === 0 && held.length > 0) return held.slice(0, 1);
  const possible = authenticators.filter(
    (method) => isPossible(exchange, method) && (choices.length === 0 || choices.includes(method)),
  );
  return possible.length > 0 ? possible : authenticators.slice(0, 1);
}

/** Switched on, and possible at the address that this site is reached by. */
function isPossible({ config }: Exchange, method: SecondFactor): boolean {
  return isMethodEnabled(method, config.policy.mfa) && (method !== 'webauthn' || hasDomain(config));
}

function stepFor(
  exchange: Exchange<SessionFacts>,
  method: SecondFactor,
  at: { readonly isDone: boolean; readonly next: SecondFactor | undefined },
): Step {
  const state = stateOf(exchange, method, at);
  return {
    title: exchange.parts.renderer.words.say(`enroll.step.${method}`),
    description: descriptionOf(exchange, method, state),
    state,
    href: state === 'next' ? pageHref(exchange, pathOf[method]) : null,
  };
}

function stateOf(
  exchange: Exchange,
  method: SecondFactor,
  { isDone, next }: { readonly isDone: boolean; readonly next: SecondFactor | undefined },
): Step['state'] {
  if (isDone) return 'done';
  if (!isPossible(exchange, method)) return 'unavailable';
  return method === next ? 'next' : 'later';
}

function descriptionOf(
  exchange: Exchange<SessionFacts>,
  method: SecondFactor,
  state: Step['state'],
): string {
  const { say } = exchange.parts.renderer.words;
  const { issuer } = exchange.config.portal;
  const { policy } = exchange.config;
  if (state === 'unavailable') {
    return isMethodEnabled(method, policy.mfa)
      ? (noDomainSentence(exchange) ?? '')
      : say('enroll.step.switched-off', { issuer });
  }
  const needsHardware = mustUseHardwareKey(
    tierOf(exchange.session.principal, policy.tiers),
    policy,
  );
  return method === 'webauthn' && needsHardware
    ? say('enroll.step.webauthn.hardware', { issuer })
    : say(`enroll.step.${method}.text`);
}

function insteadLink(exchange: Exchange, method: SecondFactor): Alternative {
  const { say } = exchange.parts.renderer.words;
  return method === 'webauthn'
    ? {
        href: pageHref(exchange, pathOf.webauthn),
        label: say('challenge.use-passkey'),
        icon: 'passkey',
      }
    : { href: pageHref(exchange, pathOf[method]), label: say('enroll.use-totp'), icon: 'phone' };
}
