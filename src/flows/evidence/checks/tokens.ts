/** The part of V1 that is about tokens: what the API's log-in hands out, before and after enrolling. */

import { type LogInAnswer, logIn } from '../../tokens/log-in.ts';
import type { CodeGuess } from '../../sign-in/guess-code.ts';
import type { ThrowAway } from '../run/person.ts';
import type { Run } from '../run/run.ts';
import type { Verifying } from '../run/verifying.ts';
import { eventsOf } from './events.ts';

/** Nobody who has still to enroll is given a token that opens anything. */
export async function tryTokenBefore(v: Verifying, run: Run, person: ThrowAway): Promise<void> {
  await v.check(
    {
      what: 'No access token is issued to this person.',
      how: 'The flow behind POST /auth/login is given the right name and password.',
      expected:
        'enrollment-required: a token that is good for enrolling and nothing else, and the event token.refused.',
    },
    async () => {
      const answer = await logInAs(run, person, null);
      const [event] = await eventsOf(run, person, 'token.refused');
      const isRefused = answer.ok && answer.outcome === 'enroll';
      const kind = answer.ok ? answer.issued.kind : 'none';
      return {
        passed:
          isRefused && kind === 'enrollment' && event?.details['reason'] === 'enrollment-required',
        seen: `${outcomeOf(answer)}; a token of the kind ${kind}; ${event === undefined ? 'no event' : `token.refused, ${String(event.details['reason'])}`}.`,
      };
    },
  );
}

/** The other side: whoever has enrolled is given one. */
export async function tryTokenAfter(
  v: Verifying,
  run: Run,
  person: ThrowAway,
  guess: CodeGuess,
): Promise<void> {
  await v.check(
    {
      what: 'Once everything is enrolled, an access token is issued.',
      how: 'The same flow with name, password and a right code.',
      expected: 'An access token, and the event token.issued.',
    },
    async () => {
      const answer = await logInAs(run, person, guess);
      const events = await eventsOf(run, person, 'token.issued');
      return {
        passed: answer.ok && answer.outcome === 'complete' && events.length > 0,
        seen: `${outcomeOf(answer)}; ${String(events.length)} events token.issued.`,
      };
    },
  );
}

async function logInAs(
  run: Run,
  { user, password }: ThrowAway,
  guess: CodeGuess | null,
): Promise<LogInAnswer> {
  const ctx = { ...run.ctx, signer: run.parts.signer };
  const typed = { username: user.username, password, guess };
  const answer = await logIn(ctx, run.visit(), typed);
  if (answer.ok) run.secrets.add('a token', answer.issued.token);
  return answer;
}

function outcomeOf(answer: LogInAnswer): string {
  return answer.ok ? answer.outcome : answer.reason;
}
