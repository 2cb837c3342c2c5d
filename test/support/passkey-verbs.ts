/** What people do with passkeys in a small world (flow-world.ts). */

import assert from 'node:assert/strict';

import type { SessionFacts } from '../../src/core/facts.ts';
import { beginPasskeyChallenge } from '../../src/flows/sign-in/answer-passkey.ts';
import {
  beginPasskeyEnrollment,
  finishPasskeyEnrollment,
} from '../../src/flows/enroll/enroll-passkey.ts';
import type { PasskeyOptions } from '../../src/methods/method.ts';
import { sure, visit, type World } from './flow-world.ts';
import {
  createPasskey,
  platformBuild,
  touchKeyBuild,
  type Build,
  type SoftPasskey,
} from './soft-authenticator.ts';

/** Enrolls a passkey in this session; the session that it ends in. */
export async function enrollPasskey(
  world: World,
  session: SessionFacts,
  build: Build = platformBuild,
): Promise<{ readonly session: SessionFacts; readonly passkey: SoftPasskey }> {
  const { options } = await beginPasskeyEnrollment(world.ctx, session);
  const { passkey, posted } = createPasskey(options, build);
  const given = { response: posted, name: 'My key' };
  const answer = await finishPasskeyEnrollment(world.ctx, visit(), session, given);
  assert(answer.ok, `enrollment failed: ${JSON.stringify(answer)}`);
  return { session: sure(await world.rise(answer.session, session)), passkey };
}

/** Options to answer a challenge of this session with. */
export async function askForPasskey(world: World, session: SessionFacts): Promise<PasskeyOptions> {
  return sure(await beginPasskeyChallenge(world.ctx, session, { userVerification: 'preferred' }));
}

/** Adds somebody with a passkey and a security key who has signed in by password, no further. */
export async function atPasskeyChallenge(
  world: World,
  username: string,
): Promise<{
  readonly passkey: SoftPasskey;
  readonly securityKey: SoftPasskey;
  readonly session: SessionFacts;
}> {
  await world.addUser(username);
  const first = await enrollPasskey(world, await world.signInBy(username), platformBuild);
  world.clock.advance(1);
  const { passkey: securityKey } = await enrollPasskey(world, first.session, touchKeyBuild);
  return { passkey: first.passkey, securityKey, session: await world.signInBy(username) };
}
