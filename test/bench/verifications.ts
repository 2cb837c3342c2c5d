/**
 * How many second factors can be verified in a second: `node test/bench/verifications.ts`.
 *
 * The method by itself, on one core, and the whole flow: challenge, transaction, audit event, on
 * SQLite. Prints JSON; figures, not assertions.
 */

import { performance } from 'node:perf_hooks';

import { answerChallengeWithPasskey } from '../../src/flows/sign-in/answer-passkey.ts';
import { answerChallenge } from '../../src/flows/sign-in/challenge.ts';
import { codeAt } from '../support/authenticator-app.ts';
import { openWorld, sure, visit, type World } from '../support/flow-world.ts';
import { askForPasskey, enrollPasskey } from '../support/passkey-verbs.ts';
import { platformBuild } from '../support/soft-authenticator.ts';

const millisecondsEach = 2000;

/** Repeats what `prepare` hands out, whose own time does not count. */
async function perSecond(prepare: () => Promise<() => Promise<unknown>>): Promise<number> {
  for (let warmUp = 0; warmUp < 50; warmUp += 1) await (await prepare())();
  let spent = 0;
  let times = 0;
  while (spent < millisecondsEach) {
    const work = await prepare();
    const start = performance.now();
    await work();
    spent += performance.now() - start;
    times += 1;
  }
  return Math.round((times / spent) * 1000);
}

async function passkeyFigures(world: World, username: string, algorithm: number) {
  await world.addUser(username);
  const build = { ...platformBuild, algorithm };
  const { passkey } = await enrollPasskey(world, await world.signInBy(username), build);
  const session = await world.signInBy(username);
  const { authenticators } = world.ctx.stores;
  const authenticator = sure(await authenticators.findByCredentialId(passkey.credentialId));
  const kept = {
    ...world.ctx.stores,
    authenticators: { ...authenticators, recordPasskeyUse: () => Promise.resolve(true) },
  };

  const alone = await perSecond(async () => {
    const options = await askForPasskey(world, session);
    const response = passkey.get(options);
    const expected = {
      authenticator,
      challenge: String(options['challenge']),
      isUserVerificationNeeded: false,
      isUserHandleNeeded: false,
      now: world.clock.now(),
    };
    return () => world.ctx.passkeys.checkAnswer(kept, response, expected);
  });
  const flow = await perSecond(async () => {
    const response = passkey.get(await askForPasskey(world, session));
    return () => answerChallengeWithPasskey(world.ctx, visit(), session, response);
  });
  return { alone, flow };
}

async function totpFigures(world: World) {
  const { secret } = await world.enrolledPerson('ulla');
  const session = await world.signInBy('ulla');
  const credential = { secret, algorithm: 'SHA1', digits: 6, periodSeconds: 30 } as const;
  const now = world.clock.now();
  const code = codeAt(secret, now);

  const alone = await perSecond(() =>
    Promise.resolve(() => Promise.resolve(world.ctx.totpEnrollment.stepOf(credential, code, now))),
  );
  const flow = await perSecond(() => {
    world.clock.advance(30);
    const guess = { method: 'totp', code: codeAt(secret, world.clock.now()) } as const;
    return Promise.resolve(() => answerChallenge(world.ctx, visit(), session, guess));
  });
  return { alone, flow };
}

const world = await openWorld();
const figures = {
  unit: 'verifications per second, one process',
  node: process.version,
  totp: await totpFigures(world),
  webauthn: {
    es256: await passkeyFigures(world, 'anna', -7),
    ed25519: await passkeyFigures(world, 'ben', -8),
    rs256: await passkeyFigures(world, 'chloe', -257),
  },
};
await world.close();
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
process.exit(0);
