/** `/sign-out`: GET asks, POST does. A link or a picture cannot sign anybody out. */

import type { SessionFacts } from '../../core/facts.ts';
import { signOut } from '../../flows/sessions.ts';
import { type Answer, type Exchange, redirectTo, showPage } from '../exchange.ts';
import { pageAddress } from '../onward.ts';

/** Asks whether to sign out, or says that nobody is signed in. */
export function showSignOut(exchange: Exchange): Answer {
  return showPage({ page: 'sign-out', isDone: exchange.session === null });
}

/** Ends the session. */
export async function submitSignOut(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, visit } = exchange;
  await signOut(parts.flows, visit, session);
  return { ...redirectTo(pageAddress(exchange, '/sign-out')), endsSession: true };
}
