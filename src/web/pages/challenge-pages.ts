/** Which way of answering a challenge is shown, and which others are offered beside it. */

import type { SessionFacts } from '../../core/facts.ts';
import { answersOf } from '../../core/policy/decide.ts';
import type { EpochMs } from '../../core/time.ts';
import { beginPasskeyChallenge } from '../../flows/sign-in/answer-passkey.ts';
import { codeShapeOf } from '../../flows/sign-in/code-shape.ts';
import type { Exchange } from '../exchange.ts';
import { pageHref } from '../onward.ts';
import type {
  Alternative,
  ChallengePage,
  ChallengePasskeyPage,
  FieldError,
  RecoveryCodePage,
} from '../views.ts';
import { lockedSentence } from './code-refusals.ts';
import { trustOfferOn } from './trust-offer.ts';

type Method = 'webauthn' | 'totp' | 'recovery-code';

/**
 * The page for a method that was asked for, or for the other one where the person does not have it
 * or codes are paused: nobody is shown a field that cannot help them.
 */
export async function challengePage(
  exchange: Exchange<SessionFacts>,
  asked: 'webauthn' | 'totp',
  errors: readonly FieldError[],
  lockedUntil: EpochMs | null,
): Promise<ChallengePage | ChallengePasskeyPage> {
  const locked = lockedSentence(exchange, lockedUntil);
  const hasApp = methodsOf(exchange).includes('totp');
  const isPasskeyShown = asked === 'webauthn' || locked !== null || !hasApp;
  const options = isPasskeyShown ? await passkeyOptions(exchange) : null;
  if (options !== null) {
    return {
      page: 'challenge-passkey',
      passkeyOptions: JSON.stringify(options),
      errors,
      locked,
      trustOffer: trustOfferOn(exchange),
      alternatives: challengeLinks(exchange, 'webauthn', locked),
    };
  }
  const { parts, session } = exchange;
  const { digits, periodSeconds } = await codeShapeOf(parts.flows, session.principal.id);
  return {
    page: 'challenge',
    digits,
    periodSeconds,
    errors,
    locked,
    trustOffer: trustOfferOn(exchange),
    alternatives: challengeLinks(exchange, 'totp', locked),
  };
}

/** Says whether a passkey can be used here and now, whatever is paused. */
export function hasPasskey(exchange: Exchange<SessionFacts>): boolean {
  return methodsOf(exchange).includes('webauthn');
}

async function passkeyOptions(exchange: Exchange<SessionFacts>) {
  if (!hasPasskey(exchange)) return null;
  const { parts, session } = exchange;
  return beginPasskeyChallenge(parts.flows, session, { userVerification: 'preferred' });
}

/** The other ways; codes of every kind are paused together. */
export function challengeLinks(
  exchange: Exchange<SessionFacts>,
  shown: Method,
  locked: string | null,
): readonly Alternative[] {
  const { say } = exchange.parts.renderer.words;
  const links: Readonly<Record<Method, Alternative>> = {
    webauthn: {
      href: pageHref(exchange, '/challenge'),
      label: say('challenge.use-passkey'),
      icon: 'passkey',
    },
    totp: {
      href: pageHref(exchange, '/challenge', { method: 'totp' }),
      label: say('challenge.use-totp'),
      icon: 'phone',
    },
    'recovery-code': {
      href: pageHref(exchange, '/challenge/recovery-code'),
      label: say('challenge.use-recovery-code'),
      icon: 'key',
    },
  };
  return (['webauthn', 'totp', 'recovery-code'] as const)
    .filter((method) => method !== shown && methodsOf(exchange).includes(method))
    .filter((method) => method === 'webauthn' || locked === null)
    .map((method) => links[method]);
}

/** Why this page appeared; nobody is asked for a step that they cannot do now. */
export function whyChallenged(
  exchange: Exchange,
  page: ChallengePage | ChallengePasskeyPage | RecoveryCodePage,
): string | null {
  if (page.locked !== null && page.page !== 'challenge-passkey') return null;
  const { issuer } = exchange.config.portal;
  return exchange.parts.renderer.words.say('challenge.why', { issuer });
}

function methodsOf({ config, session }: Exchange<SessionFacts>) {
  return answersOf(session, config.policy);
}
