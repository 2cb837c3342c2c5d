/** `/enroll/totp`: the secret as a picture and as text, and the first code it makes. */

import type { SessionFacts } from '../../core/facts.ts';
import { Problem } from '../../core/problem.ts';
import { unreachable } from '../../core/unreachable.ts';
import { beginTotpEnrollment, finishTotpEnrollment } from '../../flows/enroll-totp.ts';
import { type Answer, type Exchange, redirectTo, refuse, showPage } from '../exchange.ts';
import { onward, pageAddress } from '../onward.ts';
import type { EnrollTotpPage, FieldError } from '../views.ts';
import { wasAnsweredElsewhere } from './answered-elsewhere.ts';
import { hasCodeShape, shapeError, typedCode } from './code-refusals.ts';

/** Shows the secret: the same one however often this page is loaded within one session. */
export async function showEnrollTotp(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const moved = elsewhere(exchange);
  return moved ?? showPage(await pageWith(exchange, []), why(exchange));
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
    return refuse(new Problem('invalid-request'), page, why(exchange));
  }

  const given = { code, name: exchange.form.get('name') ?? '' };
  const answer = await finishTotpEnrollment(parts.flows, visit, session, given);
  if (answer.ok) {
    const risen = await exchange.rise(answer.session);
    if (!answer.areCodesToShow) return onward(exchange, risen);
    return redirectTo(pageAddress(exchange, '/recovery-codes'));
  }
  if (await wasAnsweredElsewhere(exchange, answer))
    return redirectTo(pageAddress(exchange, '/sign-in'));
  switch (answer.reason) {
    case 'wrong-code': {
      const { periodSeconds } = exchange.config.totp;
      const message = `${say('code.wrong', { seconds: periodSeconds })} ${say('code.clock')}`;
      const page = await pageWith(exchange, [{ field: 'code', message }]);
      return refuse(new Problem('invalid-credentials'), page, why(exchange));
    }
    case 'name-not-printable': {
      const page = await pageWith(exchange, [
        { field: 'name', message: say('authenticator.name-shape') },
      ]);
      return refuse(new Problem('invalid-request'), page, why(exchange));
    }
    case 'expired': {
      const page = await pageWith(exchange, [{ field: null, message: say('enroll-totp.expired') }]);
      return refuse(new Problem('challenge-expired'), page, why(exchange));
    }
    default:
      return unreachable(answer.reason);
  }
}

/** Whoever has an authenticator app already cannot add a second one here yet. */
function elsewhere(exchange: Exchange<SessionFacts>): Answer | null {
  if (!exchange.session.enrolled.includes('totp')) return null;
  return redirectTo(pageAddress(exchange, '/enroll'));
}

async function pageWith(
  exchange: Exchange<SessionFacts>,
  errors: readonly FieldError[],
): Promise<EnrollTotpPage> {
  const pending = await beginTotpEnrollment(exchange.parts.flows, exchange.session);
  return { page: 'enroll-totp', ...pending, errors };
}

function why(exchange: Exchange): string {
  const { issuer } = exchange.config.portal;
  return exchange.parts.renderer.words.say('enroll.why', { issuer });
}
