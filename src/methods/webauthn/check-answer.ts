/** Checks what a passkey answered (WebAuthn L3 §7.2). */

import { verifyAuthenticationResponse } from '@simplewebauthn/server';

import type { UserId } from '../../core/ids.ts';
import type { Stores } from '../../stores/types.ts';
import type { PasskeyCheck, PasskeyCredential, PasskeyExpectation } from '../method.ts';
import { readResponse, type ResponseParts } from './claims.ts';
import type { PasskeySettings } from './passkeys.ts';
import { decoyKey } from './public-key.ts';

interface Expected extends PasskeyExpectation, PasskeySettings {
  /** Null: nobody has this passkey. */
  readonly credential: PasskeyCredential | null;
}

const notVerified = { ok: false, reason: 'not-verified' } as const;

/**
 * The counter is looked at last, by the store: only a signature that is right says anything about
 * a copy of the key.
 */
export async function checkAnswer(
  stores: Stores,
  response: string,
  expected: Expected,
): Promise<PasskeyCheck> {
  const parts = readResponse(response);
  if (parts === null || parts.assertion === null) return { ok: false, reason: 'unreadable' };
  const verified = await verifySignedParts(parts, parts.assertion, expected);

  const { authenticator, credential, now } = expected;
  const state = authenticator?.passkey ?? null;
  if (verified === null || authenticator === null || credential === null || state === null) {
    return notVerified;
  }
  if (parts.id !== state.credentialId) return notVerified;
  const { userHandle } = parts.assertion;
  const isNamed = userHandle === null ? !expected.isUserHandleNeeded : true;
  if (!isNamed || (userHandle !== null && userHandle !== handleOf(authenticator.userId))) {
    return { ok: false, reason: 'other-user' };
  }
  const { signCount, isUserVerified, isBackedUp } = verified;
  if (expected.isUserVerificationNeeded && !isUserVerified) {
    return { ok: false, reason: 'user-not-verified' };
  }
  if (verified.isBackupEligible !== credential.isBackupEligible) {
    return { ok: false, reason: 'backup-eligibility-changed' };
  }
  const use = { signCount, isBackedUp, at: now };
  if (!(await stores.authenticators.recordPasskeyUse(authenticator.id, use))) {
    return { ok: false, reason: 'counter-went-back' };
  }
  return {
    ok: true,
    proof: {
      method: 'webauthn',
      at: now,
      origin: 'answer',
      authenticatorId: authenticator.id,
      isUserVerified,
      ...(state.attestedModel === null ? {} : { attestedModel: state.attestedModel }),
    },
  };
}

/** What stands in `user.id` of the options: our id of the person, which names nobody to others. */
function handleOf(user: UserId): string {
  return Buffer.from(user).toString('base64url');
}

interface Verified {
  readonly isUserVerified: boolean;
  readonly isBackupEligible: boolean;
  readonly isBackedUp: boolean;
  readonly signCount: number;
}

async function verifySignedParts(
  { id, clientDataJSON, clientData }: ResponseParts,
  { authenticatorData, signature }: NonNullable<ResponseParts['assertion']>,
  expected: Expected,
): Promise<Verified | null> {
  if (clientData.isCrossOrigin) return null;
  const publicKey = Buffer.from(expected.credential?.publicKey ?? decoyKey, 'base64url');
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        id,
        rawId: id,
        type: 'public-key',
        response: { authenticatorData, clientDataJSON, signature },
        clientExtensionResults: {},
      },
      expectedType: 'webauthn.get',
      expectedChallenge: expected.challenge,
      expectedOrigin: expected.origin,
      expectedRPID: expected.rpId,
      requireUserVerification: false,
      // The library compares counters before it looks at the signature; see above.
      credential: { id, publicKey: new Uint8Array(publicKey), counter: 0 },
    });
    if (!verified) return null;
    return {
      isUserVerified: authenticationInfo.userVerified,
      isBackupEligible: authenticationInfo.credentialDeviceType === 'multiDevice',
      isBackedUp: authenticationInfo.credentialBackedUp,
      signCount: authenticationInfo.newCounter,
    };
  } catch {
    // The library throws for everything that is not as it must be.
    return null;
  }
}
