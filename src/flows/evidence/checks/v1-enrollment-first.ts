/** V1: whoever is of TIER0 obtains nothing before they have enrolled, and is led to enrolling. */

import { setImmediate } from 'node:timers/promises';

import type { Config } from '../../../config/config.ts';
import type { SessionFacts } from '../../../core/facts.ts';
import { methodsRequiredOf } from '../../../core/policy/mfa-policy.ts';
import type { Route } from '../../../core/route.ts';
import { nextPage } from '../../next-page.ts';
import type { CodeGuess } from '../../sign-in/guess-code.ts';
import type { Verification } from '../report.ts';
import { nextCode } from '../run/app-codes.ts';
import {
  enrollEverything,
  signInByPassword,
  signInFreshly,
  type ThrowAway,
} from '../run/person.ts';
import type { Run } from '../run/run.ts';
import { withPeople } from '../run/throw-away.ts';
import { verify, type Verifying } from '../run/verifying.ts';
import { everyRoute, gateInWords, tryRoute } from './at-the-gate.ts';
import { tryTokenAfter, tryTokenBefore } from './tokens.ts';
import { groupsOfTier, needsHardware, nobodyOf, requiredInWords } from './tiers-here.ts';

const title =
  'A TIER0 user cannot obtain tokens until enrolled, and is led to enrollment at sign-in.';

/** Tries it with somebody of every TIER0 group who has a password and nothing else. */
export async function verifyEnrollmentFirst(run: Run): Promise<Verification> {
  return verify('V1', title, run, async (v) => {
    const { config } = run;
    const groups = groupsOfTier(config, 'TIER0');
    const otherwise = whatThePolicySays(config);
    if (groups === null || otherwise !== null) {
      v.skip({ what: title }, groups === null ? nobodyOf('TIER0') : (otherwise ?? ''));
      return;
    }
    // Whoever a route admits, so that nothing but the enrollment stands between them and it.
    const admitted = everyRoute(run).flatMap(({ rules }) =>
      rules.flatMap(({ audience }) => audience?.groups ?? []),
    );
    await withPeople(run, [[...new Set([...groups, ...admitted])]], async ([person]) => {
      if (person === undefined) return;
      const session = await v.need(
        {
          what: 'Signing in without anything enrolled leads to the enrollment.',
          how: `A throw-away person of TIER0 (groups ${groups.join(', ')}, and every group that a route admits) signs in by name and password; then it is asked, as before every page, which page comes next. The policy obliges TIER0 to ${requiredInWords(config, 'TIER0')}.`,
          expected: 'The next page is /enroll.',
        },
        async () => {
          const value = await signInByPassword(run, person);
          const next = nextPage(run.ctx, value);
          return { passed: next === 'enroll', seen: `The next page is /${next}.`, value };
        },
      );
      await tryEveryRoute(v, run, session);
      await tryTokenBefore(v, run, person);
      await tryEnrolled(v, run, person);
    });
  });
}

async function tryEveryRoute(v: Verifying, run: Run, session: SessionFacts): Promise<void> {
  for (const route of everyRoute(run)) {
    // People are at work meanwhile; a configuration may have hundreds of routes.
    await setImmediate();
    await v.check(
      {
        what: `The route ${route.name} lets this person through with no method, on no path, from no address.`,
        how: 'The decision that every door asks (HTTP, WebSocket, forward auth, middleware) is asked about each method, on paths of each rule, from inside and outside of each network, and at hours inside and outside of each window.',
        expected: 'No request passes, but for rules that are public to everybody.',
      },
      () => {
        const tried = tryRoute(run, route, session);
        const seen = gateInWords(tried);
        const first = tried.passed[0]?.request;
        return {
          passed: tried.requests > 0 && first === undefined,
          seen: first === undefined ? seen : `${first.method} ${first.path} passed. ${seen}`,
        };
      },
    );
  }
}

/** The other side: without it, a gate that lets nobody through would pass all of the above. */
async function tryEnrolled(v: Verifying, run: Run, person: ThrowAway): Promise<void> {
  const what = 'Once everything is enrolled and freshly proved, the same person is let through.';
  if (needsHardware(run.config, 'TIER0')) {
    v.skip({ what }, 'TIER0 must use attested security keys, which no software can be.');
    return;
  }
  const isThrough = await v.check(
    {
      what,
      how: `The person enrolls ${requiredInWords(run.config, 'TIER0')}, signs in again, and asks the same requests of every route whose rules admit their groups.`,
      expected:
        'Some request passes on each of these routes, and the next page is where they were going.',
    },
    async () => {
      await enrollEverything(run, person, { andPasskey: true });
      const session = await signInFreshly(run, person);
      const admitting = everyRoute(run).filter(admitsGroups);
      const shut = admitting.filter((route) => tryRoute(run, route, session).passed.length === 0);
      const next = nextPage(run.ctx, session);
      const names = shut.map(({ name }) => name).join(', ');
      return {
        passed: shut.length === 0 && next === 'done',
        seen: `${String(admitting.length - shut.length)} of ${String(admitting.length)} routes let requests through${names === '' ? '' : `; not ${names}`}. What comes next: ${next}.`,
      };
    },
  );
  if (!isThrough) return;
  const guess = await guessOf(run, person);
  if (guess !== null) await tryTokenAfter(v, run, person, guess);
}

/** A code that this person could log in with; null where they have passkeys only. */
async function guessOf(run: Run, { codes, app }: ThrowAway): Promise<CodeGuess | null> {
  const [code] = codes;
  if (code !== undefined) return { method: 'recovery-code', code };
  return app === null ? null : { method: 'totp', code: await nextCode(run, app) };
}

function admitsGroups({ network, rules }: Route): boolean {
  const isClosed = network !== null && network.cidrs.length === 0;
  return (
    !isClosed &&
    rules.some(
      ({ effect, audience }) =>
        effect === 'protect' && (audience === null || audience.groups.length > 0),
    )
  );
}

/** Null where the policy demands what V1 is about; else what it says instead. */
function whatThePolicySays({ policy, local }: Config): string | null {
  if (!local.isEnabled) return 'Nobody signs in here by password (identity.local.enabled: false).';
  if (!policy.mfa.isEnabled) return 'The policy obliges nobody to anything (mfa.enabled: false).';
  if (!policy.mfa.enforcement.blocksTokensUntilEnrolled) {
    return 'The policy lets people pass before they have enrolled, where a rule asks for one factor (enforcement.block_token_issuance_until_enrolled: false).';
  }
  return methodsRequiredOf('TIER0', policy.mfa).length === 0
    ? 'The policy obliges TIER0 to enroll nothing (required_for_tiers).'
    : null;
}
