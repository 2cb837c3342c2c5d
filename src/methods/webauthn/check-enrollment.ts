/** Checks a passkey that somebody wants to enroll (WebAuthn L3 §7.1). */

import { verifyRegistrationResponse } from '@simplewebauthn/server';
import { decodeAttestationObject } from '@simplewebauthn/server/helpers';

import type { PasskeyEnrollmentCheck, PasskeyEnrollmentExpectation } from '../method.ts';
import { isMadeByTrustedHardware } from './attestation.ts';
import { readResponse, type ResponseParts } from './claims.ts';
import type { PasskeySettings } from './passkeys.ts';
import { algorithms, isKeyThatWeTake } from './public-key.ts';

/**
 * Formats of attestation statements that are looked at: the two that browsers send when they are
 * asked for none, of which security keys use the second. For others the library would read what
 * nobody asked for, and fetch what a stranger's certificates name (SSRF).
 */
const formats: readonly string[] = ['none', 'packed'];

type Expected = PasskeyEnrollmentExpectation & PasskeySettings;

/** Checks a response to `navigator.credentials.create`. */
export async function checkEnrollment(
  response: string,
  expected: Expected,
): Promise<PasskeyEnrollmentCheck> {
  const parts = readResponse(response);
  if (parts === null || parts.attestationObject === null)
    return { ok: false, reason: 'unreadable' };
  const info = await verifySignedParts(parts, parts.attestationObject, expected);
  if (info === null) return { ok: false, reason: 'not-verified' };

  const aaguid = info.aaguid.toLowerCase();
  if (expected.isHardwareNeeded && !isHardwareKey(parts.attestationObject, aaguid, expected)) {
    return { ok: false, reason: 'model-not-allowed' };
  }
  return {
    ok: true,
    passkey: {
      credential: {
        publicKey: Buffer.from(info.credential.publicKey).toString('base64url'),
        transports: parts.transports,
        aaguid,
        isBackupEligible: info.credentialDeviceType === 'multiDevice',
      },
      state: {
        credentialId: info.credential.id,
        signCount: info.credential.counter,
        isBackedUp: info.credentialBackedUp,
        attestedModel: expected.isHardwareNeeded ? aaguid : null,
      },
      isUserVerified: info.userVerified,
    },
  };
}

function isHardwareKey(attestationObject: string, aaguid: string, expected: Expected): boolean {
  const { attestationRoots, hardwareModels, now } = expected;
  if (!hardwareModels.includes(aaguid)) return false;
  try {
    return isMadeByTrustedHardware(attestationObject, { roots: attestationRoots, now });
  } catch {
    // A certificate that cannot be read proves nothing.
    return false;
  }
}

type Verified = Extract<
  Awaited<ReturnType<typeof verifyRegistrationResponse>>,
  { verified: true }
>['registrationInfo'];

async function verifySignedParts(
  { id, clientDataJSON, clientData }: ResponseParts,
  attestationObject: string,
  expected: Expected,
): Promise<Verified | null> {
  if (clientData.isCrossOrigin) return null;
  try {
    const bytes = new Uint8Array(Buffer.from(attestationObject, 'base64url'));
    if (!formats.includes(decodeAttestationObject(bytes).get('fmt'))) return null;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: {
        id,
        rawId: id,
        type: 'public-key',
        response: { clientDataJSON, attestationObject },
        clientExtensionResults: {},
      },
      expectedType: 'webauthn.create',
      expectedChallenge: expected.challenge,
      expectedOrigin: expected.origin,
      expectedRPID: expected.rpId,
      requireUserPresence: true,
      requireUserVerification: false,
      supportedAlgorithmIDs: [...algorithms],
    });
    if (!verified || !isKeyThatWeTake(registrationInfo.credential.publicKey)) return null;
    // The library does not compare the two; the one that is signed is what we would look up.
    return registrationInfo.credential.id === id ? registrationInfo : null;
  } catch {
    // The library throws for everything that is not as it must be.
    return null;
  }
}
