/** `/step-up`: password and second factor again, for something that asks for a fresh proof. */

import type { SessionFacts } from '../../core/facts.ts';
import { Problem } from '../../core/problem.ts';
import type { EpochMs } from '../../core/time.ts';
import { lockedUntil } from '../../flows/challenge.ts';
import { stepUp } from '../../flows/step-up.ts';
import { destinationOf, outlookOf } from '../destination.ts';
import { type Answer, type Exchange, redirectTo, refuse, showPage } from '../exchange.ts';
import { destinationAddress, pageAddress, pageHref } from '../onward.ts';
import type { Alternative, FieldError, StepUpPage } from '../views.ts';
import { wasAnsweredElsewhere } from './answered-elsewhere.ts';
import {
  type CodeKind,
  hasCodeShape,
  lockedSentence,
  refusalErrors,
  refusalProblem,
  shapeError,
  typedCode,
} from './code-refusals.ts';

/** Shows the form; usable by hand, without anything that asked for it. */
export async function showStepUp(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const kind = kindAsked(exchange);
  if (kind === null) return redirectTo(pageAddress(exchange, '/enroll'), 'enrollment-required');
  const until = await lockedUntil(exchange.parts.flows, exchange.session);
  return showPage(pageWith(exchange, kind, [], until), why(exchange));
}

/** Checks both and dates the session's proofs anew. */
export async function submitStepUp(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const kind = kindAsked(exchange);
  if (kind === null) return redirectTo(pageAddress(exchange, '/enroll'), 'enrollment-required');
  const { parts, session, visit, form } = exchange;

  const password = form.get('password') ?? '';
  const code = typedCode(exchange, kind === 'totp' ? 'code' : 'recovery_code');
  const omissions = omissionsIn(exchange, kind, password, code);
  if (omissions.length > 0) {
    const page = pageWith(exchange, kind, omissions, null);
    return refuse(new Problem('invalid-request'), page, why(exchange));
  }

  const answer = await stepUp(parts.flows, visit, session, { password, method: kind, code });
  if (answer.ok) {
    await exchange.rise(answer.session);
    return redirectTo(destinationAddress(exchange));
  }
  if (await wasAnsweredElsewhere(exchange, answer)) return redirectTo(destinationAddress(exchange));

  const { say } = parts.renderer.words;
  if (answer.reason === 'invalid-credentials' || answer.reason === 'wrong-code') {
    // One sentence for a wrong password and a wrong code.
    const page = pageWith(exchange, kind, [{ field: null, message: say('step-up.wrong') }], null);
    return refuse(new Problem('invalid-credentials'), page, why(exchange));
  }
  const until = answer.reason === 'locked' ? answer.lockedUntil : null;
  const page = pageWith(exchange, kind, refusalErrors(exchange, kind, answer), until);
  return refuse(refusalProblem(exchange, answer), page, why(exchange));
}

/** Which code is asked for: the one that was chosen, else the one there is; null: there is none. */
function kindAsked(exchange: Exchange<SessionFacts>): CodeKind | null {
  const { form, query } = exchange;
  const isRecoveryChosen = form.has('recovery_code') || query.get('method') === 'recovery-code';
  const kinds = kindsOf(exchange);
  return isRecoveryChosen && kinds.includes('recovery-code') ? 'recovery-code' : (kinds[0] ?? null);
}

/** The codes the person has, the usual one first. */
function kindsOf({ session }: Exchange<SessionFacts>): readonly CodeKind[] {
  return [
    ...(session.enrolled.includes('totp') ? (['totp'] as const) : []),
    ...(session.recoveryCodesLeft > 0 ? (['recovery-code'] as const) : []),
  ];
}

function omissionsIn(
  exchange: Exchange,
  kind: CodeKind,
  password: string,
  code: string,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (password === '') {
    const message = exchange.parts.renderer.words.say('sign-in.no-password');
    errors.push({ field: 'password', message });
  }
  if (!hasCodeShape(kind, code)) errors.push(shapeError(exchange, kind));
  return errors;
}

function pageWith(
  exchange: Exchange<SessionFacts>,
  method: CodeKind,
  errors: readonly FieldError[],
  lockedUntil: EpochMs | null,
): StepUpPage {
  const { digits, periodSeconds } = exchange.config.totp;
  const { say } = exchange.parts.renderer.words;
  const helping = kindsOf(exchange).filter((kind) =>
    outlookOf(exchange).codesThatHelp.includes(kind),
  );
  const locked = lockedSentence(exchange, lockedUntil);
  return {
    page: 'step-up',
    method,
    digits,
    periodSeconds,
    errors,
    locked,
    unavailable: helping.length > 0 ? null : say('step-up.unavailable'),
    alternatives: alternatives(
      exchange,
      // Codes of every kind are paused together.
      locked === null ? helping.filter((kind) => kind !== method) : [],
    ),
  };
}

function alternatives(
  exchange: Exchange<SessionFacts>,
  others: readonly CodeKind[],
): readonly Alternative[] {
  const { say } = exchange.parts.renderer.words;
  return others.map((kind) =>
    kind === 'totp'
      ? { href: pageHref(exchange, '/step-up'), label: say('challenge.use-totp'), icon: 'phone' }
      : {
          href: pageHref(exchange, '/step-up', { method: 'recovery-code' }),
          label: say('challenge.use-recovery-code'),
          icon: 'key',
        },
  );
}

function why(exchange: Exchange<SessionFacts>): string {
  const { say } = exchange.parts.renderer.words;
  const destination = destinationOf(exchange);
  if (destination === null) return say('step-up.why');
  const { isStepUpToOpen } = outlookOf(exchange);
  return say(isStepUpToOpen ? 'step-up.why-open' : 'step-up.why-change', {
    name: destination.name,
  });
}
