/** `/enroll/totp`: the secret as a picture and as text, and the first code it makes. */

import type { SessionFacts } from '../../core/facts.ts';
import { Problem } from '../../core/problem.ts';
import { unreachable } from '../../core/unreachable.ts';
import { unusedName } from '../../flows/enroll/authenticator-names.ts';
import {
  beginTotpEnrollment,
  defaultAppName,
  finishTotpEnrollment,
} from '../../flows/enroll/enroll-totp.ts';
import { type Answer, type Exchange, redirectTo, refuse, showPage } from '../exchange.ts';
import { pageAddress } from '../onward.ts';
import type { EnrollTotpPage, FieldError } from '../views.ts';
import { wasAnsweredElsewhere } from './answered-elsewhere.ts';
import { hasCodeShape, shapeError, typedCode } from './code-refusals.ts';
import { afterEnrollment, backFrom, isToEnroll, whyEnroll } from './enrollment.ts';

/** Shows the secret: the same one however often this page is loaded within one session. */
export async function showEnrollTotp(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const moved = elsewhere(exchange);
  return moved ?? showPage(await pageWith(exchange, []), whyEnroll(exchange));
}

/** Checks the first code and makes the authenticator live. */
export async function submitEnrollTotp(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const moved = elsewhere(exchange);
  if (moved !== null) return moved;
  const { parts, session, visit } = exchange;
  const { say } = parts.renderer.words;

  const code = typedCode(exchange, 'code');
  if (!hasCodeShape('totp', code)) {
    const page = await pageWith(exchange, [shapeError(exchange, 'totp')]);
    return refuse(new Problem('invalid-request'), page, whyEnroll(exchange));
  }

  const given = { code, name: exchange.form.get('name') ?? '' };
  const answer = await finishTotpEnrollment(parts.flows, visit, session, given);
  if (answer.ok) return afterEnrollment(exchange, answer);
  if (await wasAnsweredElsewhere(exchange, answer))
    return redirectTo(pageAddress(exchange, '/sign-in'));
  switch (answer.reason) {
    case 'wrong-code': {
      const { periodSeconds } = exchange.config.totp;
      const message = `${say('code.wrong', { seconds: periodSeconds })} ${say('code.clock')}`;
      const page = await pageWith(exchange, [{ field: 'code', message }]);
      return refuse(new Problem('invalid-credentials'), page, whyEnroll(exchange));
    }
    case 'name-not-printable': {
      const page = await pageWith(exchange, [
        { field: 'name', message: say('authenticator.name-shape') },
      ]);
      return refuse(new Problem('invalid-request'), page, whyEnroll(exchange));
    }
    case 'expired': {
      const page = await pageWith(exchange, [{ field: null, message: say('enroll-totp.expired') }]);
      return refuse(new Problem('challenge-expired'), page, whyEnroll(exchange));
    }
    default:
      return unreachable(answer.reason);
  }
}

/** Whoever goes back while other steps are due has set up their app and is shown what is next. */
function elsewhere(exchange: Exchange<SessionFacts>): Answer | null {
  const isDone = exchange.session.enrolled.includes('totp') && isToEnroll(exchange);
  return isDone ? redirectTo(pageAddress(exchange, '/enroll')) : null;
}

async function pageWith(
  exchange: Exchange<SessionFacts>,
  errors: readonly FieldError[],
): Promise<EnrollTotpPage> {
  const pending = await beginTotpEnrollment(exchange.parts.flows, exchange.session);
  return {
    page: 'enroll-totp',
    ...pending,
    name: await nameToStartFrom(exchange),
    back: backFrom(exchange),
    errors,
  };
}

/** Nobody is asked for the name of their first app: there is nothing to tell it from. */
async function nameToStartFrom({
  parts,
  session,
  form,
}: Exchange<SessionFacts>): Promise<string | null> {
  if (!session.enrolled.includes('totp')) return null;
  return form.get('name') ?? unusedName(parts.flows.stores, session, defaultAppName);
}
