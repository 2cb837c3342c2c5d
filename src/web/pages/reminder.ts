/** `/reminder`: once a day, on the way to a page, who has to set up a second step soon is told so. */

import type { SessionFacts } from '../../core/facts.ts';
import { Problem } from '../../core/problem.ts';
import { putOffReminder } from '../../flows/sign-in/reminder.ts';
import { type Answer, type Exchange, redirectTo, showPage } from '../exchange.ts';
import { graceSentence } from '../grace.ts';
import { destinationAddress, onward, pageHref } from '../onward.ts';

/** Says how long is left; sends on whom nothing is due of. */
export function showReminder(exchange: Exchange<SessionFacts>): Answer {
  const left = graceSentence(exchange);
  if (left === null) return onward(exchange, exchange.session);
  return showPage({ page: 'reminder', left, enrollHref: pageHref(exchange, '/enroll') });
}

/** Puts it off for a day, and goes on. */
export async function submitReminder(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, form } = exchange;
  if (form.get('action') !== 'later') {
    throw new Problem('invalid-request', { detail: 'The form names an action we do not know.' });
  }
  await putOffReminder(parts.flows, session);
  return redirectTo(destinationAddress(exchange));
}
