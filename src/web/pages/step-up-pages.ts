/** Which way of confirming is shown, and which others are offered beside it. */

import type { SessionFacts } from '../../core/facts.ts';
import { answersOf } from '../../core/policy/decide.ts';
import type { EpochMs } from '../../core/time.ts';
import { beginPasskeyChallenge } from '../../flows/sign-in/answer-passkey.ts';
import { codeShapeOf } from '../../flows/sign-in/code-shape.ts';
import { destinationOf, outlookOf, type SecondFactor } from '../destination.ts';
import type { Exchange } from '../exchange.ts';
import { pageHref } from '../onward.ts';
import type { Alternative, FieldError, StepUpPage, StepUpPasskeyPage } from '../views.ts';
import { lockedSentence } from './code-refusals.ts';

/** The way that was asked for where it would help, else the strongest that does; null: there is none. */
export function methodAsked(
  exchange: Exchange<SessionFacts>,
  asked: string | null,
): SecondFactor | null {
  const methods = methodsHere(exchange);
  return methods.find((method) => method === asked) ?? methods[0] ?? null;
}

/** What the person has and what would be accepted, the strongest first. */
function methodsHere(exchange: Exchange<SessionFacts>): readonly SecondFactor[] {
  const has = answersOf(exchange.session, exchange.config.policy);
  return outlookOf(exchange).methodsThatHelp.filter((method) => has.includes(method));
}

/** The page for a method, or for the passkey while codes are paused. */
export async function stepUpPage(
  exchange: Exchange<SessionFacts>,
  asked: SecondFactor,
  shown: {
    readonly errors?: readonly FieldError[];
    readonly until?: EpochMs | null;
    readonly asksForPassword?: boolean;
  },
): Promise<StepUpPage | StepUpPasskeyPage> {
  const { errors = [], until = null, asksForPassword = false } = shown;
  const locked = lockedSentence(exchange, until);
  const methods = methodsHere(exchange);
  const isPasskeyShown = methods.includes('webauthn') && (asked === 'webauthn' || locked !== null);
  const options = isPasskeyShown ? await passkeyOptions(exchange) : null;
  if (options !== null) {
    return {
      page: 'step-up-passkey',
      passkeyOptions: JSON.stringify(options),
      asksForPassword,
      errors,
      locked,
      alternatives: links(exchange, locked === null ? without(methods, 'webauthn') : []),
    };
  }
  const method = asked === 'recovery-code' ? 'recovery-code' : 'totp';
  const { parts, session } = exchange;
  const { digits, periodSeconds } = await codeShapeOf(parts.flows, session.principal.id);
  return {
    page: 'step-up',
    method,
    digits,
    periodSeconds,
    errors,
    locked,
    // Codes of every kind are paused together.
    alternatives: links(exchange, locked === null ? without(methods, method) : []),
  };
}

async function passkeyOptions({ parts, session }: Exchange<SessionFacts>) {
  return beginPasskeyChallenge(parts.flows, session, { userVerification: 'preferred' });
}

function without(methods: readonly SecondFactor[], shown: SecondFactor): readonly SecondFactor[] {
  return methods.filter((method) => method !== shown);
}

function links(
  exchange: Exchange<SessionFacts>,
  others: readonly SecondFactor[],
): readonly Alternative[] {
  const { say } = exchange.parts.renderer.words;
  const at = (method: SecondFactor) => pageHref(exchange, '/step-up', { method });
  const all: Readonly<Record<SecondFactor, Alternative>> = {
    webauthn: { href: at('webauthn'), label: say('challenge.use-passkey'), icon: 'passkey' },
    totp: { href: at('totp'), label: say('challenge.use-totp'), icon: 'phone' },
    'recovery-code': {
      href: at('recovery-code'),
      label: say('challenge.use-recovery-code'),
      icon: 'key',
    },
  };
  return others.map((method) => all[method]);
}

/** Why this page appeared; nobody is asked for a step that they cannot do now. */
export function whyStepUp(
  exchange: Exchange<SessionFacts>,
  page: StepUpPage | StepUpPasskeyPage,
): string | null {
  if (page.locked !== null && page.page === 'step-up') return null;
  const { say } = exchange.parts.renderer.words;
  if (isOfAccount(exchange)) return say('step-up.why-account');
  const destination = destinationOf(exchange);
  if (destination === null) return say('step-up.why');
  const { isStepUpToOpen } = outlookOf(exchange);
  return say(isStepUpToOpen ? 'step-up.why-open' : 'step-up.why-change', {
    name: destination.name,
  });
}

/** What leads back to the account was asked for by a page that changes how somebody signs in. */
function isOfAccount({ config, returnTo }: Exchange): boolean {
  const { url } = config.portal;
  return (
    (returnTo?.startsWith(`${url}/`) ?? false) &&
    !/^\/admin\b/.test(returnTo?.slice(url.length) ?? '')
  );
}
