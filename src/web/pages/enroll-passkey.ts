/** `/enroll/passkey`: a name, and what the person's device makes when the script asks it to. */

import { systemName } from '../../core/device-name.ts';
import type { SessionFacts } from '../../core/facts.ts';
import { Problem } from '../../core/problem.ts';
import { unreachable } from '../../core/unreachable.ts';
import { unusedName } from '../../flows/enroll/authenticator-names.ts';
import {
  beginPasskeyEnrollment,
  finishPasskeyEnrollment,
  type PasskeyEnrollmentAnswer,
} from '../../flows/enroll/enroll-passkey.ts';
import { type Answer, type Exchange, redirectTo, refuse, showPage } from '../exchange.ts';
import { pageAddress } from '../onward.ts';
import type { EnrollPasskeyPage, FieldError } from '../views.ts';
import { wasAnsweredElsewhere } from './answered-elsewhere.ts';
import { afterEnrollment, backFrom, whyEnroll } from './enrollment.ts';
import { passkeyError, sentPasskey } from './passkey-answers.ts';
import { hasDomain, noDomainSentence } from './passkey-domain.ts';

type Refusal = Extract<PasskeyEnrollmentAnswer, { readonly ok: false }>;

/** Shows the form. */
export async function showEnrollPasskey(exchange: Exchange<SessionFacts>): Promise<Answer> {
  return showPage(await pageWith(exchange, []), why(exchange));
}

/** Makes the passkey an authenticator. */
export async function submitEnrollPasskey(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, visit, form } = exchange;
  const response = sentPasskey(exchange);
  if (response === '') {
    const page = await pageWith(exchange, [passkeyError(exchange, 'none-sent')]);
    return refuse(new Problem('invalid-request'), page, why(exchange));
  }

  const given = { response, name: form.get('name') ?? '' };
  const answer = await finishPasskeyEnrollment(parts.flows, visit, session, given);
  if (answer.ok) return afterEnrollment(exchange, answer);
  if (await wasAnsweredElsewhere(exchange, answer))
    return redirectTo(pageAddress(exchange, '/sign-in'));
  const page = await pageWith(exchange, [errorFor(exchange, answer)]);
  return refuse(new Problem(problemOf[answer.reason]), page, why(exchange));
}

const problemOf = {
  'name-missing': 'invalid-request',
  expired: 'challenge-expired',
  'not-accepted': 'invalid-credentials',
  'already-enrolled': 'invalid-credentials',
  'model-not-allowed': 'policy-forbids',
} as const satisfies Readonly<Record<Refusal['reason'], string>>;

function errorFor(exchange: Exchange, { reason }: Refusal): FieldError {
  const { say } = exchange.parts.renderer.words;
  const { issuer } = exchange.config.portal;
  switch (reason) {
    case 'name-missing':
      return { field: 'name', message: say('enroll-passkey.name-missing') };
    case 'expired':
      return passkeyError(exchange, 'expired');
    case 'already-enrolled':
      return { field: null, message: say('passkey.known') };
    case 'model-not-allowed':
      return { field: null, message: say('enroll-passkey.not-approved', { issuer }) };
    case 'not-accepted':
      return { field: null, message: say('enroll-passkey.refused') };
    default:
      return unreachable(reason);
  }
}

async function pageWith(
  exchange: Exchange<SessionFacts>,
  errors: readonly FieldError[],
): Promise<EnrollPasskeyPage> {
  const { parts, session, form } = exchange;
  const { options, isHardwareNeeded } = await beginPasskeyEnrollment(parts.flows, session);
  return {
    page: 'enroll-passkey',
    passkeyOptions: JSON.stringify(options),
    name: form.get('name') ?? (await suggestedName(exchange, isHardwareNeeded)),
    isHardwareNeeded,
    unavailable: noDomainSentence(exchange),
    back: backFrom(exchange),
    errors,
  };
}

/** After the device in front of the person; which authenticator they will choose is not known yet. */
async function suggestedName(
  { parts, request, session }: Exchange<SessionFacts>,
  isHardwareNeeded: boolean,
): Promise<string> {
  const { say } = parts.renderer.words;
  const system = isHardwareNeeded ? null : systemName(request.userAgent);
  const kind = isHardwareNeeded ? 'security-key' : 'passkey';
  return unusedName(parts.flows.stores, session, say(`enroll-passkey.name-of.${system ?? kind}`));
}

function why(exchange: Exchange<SessionFacts>): string | null {
  return hasDomain(exchange.config) ? whyEnroll(exchange) : null;
}
