/** `/recovery-codes`: shown once, confirmed as stored, replaced on demand. */

import type { SessionFacts } from '../../core/facts.ts';
import { usableSecondFactors } from '../../core/policy/decide.ts';
import { Problem } from '../../core/problem.ts';
import { hasFreshPasskey } from '../../flows/fresh-proof.ts';
import {
  confirmRecoveryCodes,
  hasUnconfirmedCodes,
  takeRecoveryCodes,
} from '../../flows/enroll/recovery-codes.ts';
import {
  isProofNeededForCodes,
  regenerateRecoveryCodes,
} from '../../flows/account/regenerate-codes.ts';
import { type Answer, type Exchange, redirectTo, refuse, showPage } from '../exchange.ts';
import { onward, ownAddress, pageAddress, pageHref } from '../onward.ts';
import type { FieldError, RecoveryCodesPage } from '../views.ts';
import { lockedSentence, refusalProblem, typedCode } from './code-refusals.ts';

/**
 * Shows the codes that were just made, this once. A HEAD request or a browser that loads ahead
 * uses nothing up: the codes would be gone before anybody saw them.
 */
export async function showRecoveryCodes(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session } = exchange;
  const codes = exchange.isRehearsal ? null : await takeRecoveryCodes(parts.flows, session);
  return showPage(await pageWith(exchange, codes, []));
}

/** Confirms that the codes are stored, or makes a new set. */
export async function submitRecoveryCodes(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const action = exchange.form.get('action') ?? 'confirm';
  switch (action) {
    // The tick-box `stored` is the page's way of asking; pressing the button is the answer.
    case 'confirm':
      return confirm(exchange);
    case 'replace':
      return replace(exchange);
    default:
      throw new Problem('invalid-request', { detail: 'The form names an action we do not know.' });
  }
}

async function confirm(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, visit } = exchange;
  await confirmRecoveryCodes(parts.flows, visit, session);
  // A second click finds nothing to confirm and goes the same way.
  const settled = await exchange.recallAgain();
  return settled === null
    ? redirectTo(pageAddress(exchange, '/sign-in'), 'not-signed-in')
    : onward(exchange, settled);
}

async function replace(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, visit, form } = exchange;
  const { say } = parts.renderer.words;
  const asked = await proofAsked(exchange);
  const code = asked === 'password-and-code' ? typedCode(exchange, 'code') : null;
  const proof = asked === 'nothing' ? null : { password: form.get('password') ?? '', code };
  if (proof !== null && (proof.password === '' || proof.code === '')) {
    const message = proof.code === null ? 'sign-in.no-password' : 'recovery-codes.no-proof';
    const errors = [{ field: null, message: say(message) }];
    return refuse(new Problem('invalid-request'), await pageWith(exchange, null, errors));
  }

  const answer = await regenerateRecoveryCodes(parts.flows, visit, session, proof);
  if (answer.ok) return redirectTo(pageAddress(exchange, '/recovery-codes'));
  if (answer.reason === 'invalid-credentials') {
    const message = say(code === null ? 'password.wrong' : 'step-up.wrong');
    const errors = [{ field: null, message }];
    return refuse(new Problem('invalid-credentials'), await pageWith(exchange, null, errors));
  }
  const locked = answer.reason === 'locked' ? lockedSentence(exchange, answer.lockedUntil) : null;
  const { periodSeconds } = exchange.config.totp;
  const message =
    locked ??
    (answer.reason === 'code-already-used'
      ? say('code.used', { seconds: periodSeconds })
      : say('step-up.wrong'));
  const page = await pageWith(exchange, null, [{ field: null, message }]);
  return refuse(refusalProblem(exchange, answer), page);
}

async function pageWith(
  exchange: Exchange<SessionFacts>,
  codes: readonly string[] | null,
  errors: readonly FieldError[],
): Promise<RecoveryCodesPage> {
  const { parts, session } = exchange;
  const isConfirmationDue = await hasUnconfirmedCodes(parts.flows, session);
  const asked = await proofAsked(exchange);
  const here = { ...exchange, returnTo: ownAddress(exchange) };
  return {
    page: 'recovery-codes',
    codes,
    isConfirmationDue,
    codesLeft: session.recoveryCodesLeft,
    asksForProof: asked !== 'nothing',
    asksForCode: asked === 'password-and-code',
    confirmHref: asked === 'passkey' ? pageHref(here, '/step-up') : null,
    errors,
  };
}

/**
 * What making a new set costs. `passkey`: one must be used first, then the password is enough.
 * Whoever has nothing but passkeys can give no code of an app.
 */
async function proofAsked(
  exchange: Exchange<SessionFacts>,
): Promise<'nothing' | 'password' | 'password-and-code' | 'passkey'> {
  const { parts, config, session, now } = exchange;
  if (!(await isProofNeededForCodes(parts.flows, session))) return 'nothing';
  if (hasFreshPasskey(parts.flows, session, now)) return 'password';
  const usable = usableSecondFactors(session, config.policy);
  return usable.includes('webauthn') && !usable.includes('totp') ? 'passkey' : 'password-and-code';
}
