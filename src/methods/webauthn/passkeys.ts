/**
 * Passkeys and security keys (WebAuthn Level 3), through @simplewebauthn/server.
 *
 * The library checks what is the same for everybody: type, challenge, origin, relying party, user
 * presence and signature. What depends on us is checked in check-answer.ts and check-enrollment.ts:
 * that the page was in no frame, that the passkey belongs to the person named, that its flags and
 * counter fit what we remember, and which algorithms, formats and models we take. Challenges are
 * the flows' business.
 */

import assert from 'node:assert/strict';

import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type AuthenticatorTransport,
} from '@simplewebauthn/server';

import { passkeyRow } from '../../core/sealed-rows.ts';
import type { Sealer } from '../../platform/seal.ts';
import type { Authenticator } from '../../stores/types.ts';
import type { PasskeyCredential, Passkeys } from '../method.ts';
import { checkAnswer } from './check-answer.ts';
import { checkEnrollment } from './check-enrollment.ts';
import { claimsOf } from './claims.ts';
import { modelName } from './models.ts';
import { algorithms } from './public-key.ts';

/** What the operator settles. */
export interface PasskeySettings {
  /** The domain that passkeys belong to. */
  readonly rpId: string;
  /** The one origin whose pages may ask for them. */
  readonly origin: string;
  /** The name that stands in the browser's dialogue. */
  readonly issuer: string;
  /** PEM certificates that attestations of hardware keys must lead to. */
  readonly attestationRoots: readonly string[];
  /** The models (AAGUIDs) that count as hardware keys. */
  readonly hardwareModels: readonly string[];
}

/** What the method is made of. `settings` is asked anew each time: a reload may change them. */
export interface PasskeyParts {
  readonly sealer: Sealer;
  readonly settings: () => PasskeySettings;
}

/** How long a browser waits for a person to find their key; challenges live as long. */
const timeoutMilliseconds = 300_000;

/** Makes the method. */
export function createPasskeys({ sealer, settings }: PasskeyParts): Passkeys {
  const transportsOf = (authenticator: Authenticator): AuthenticatorTransport[] => [
    ...(unsealCredential(sealer, authenticator).transports as AuthenticatorTransport[]),
  ];
  const descriptors = (authenticators: readonly Authenticator[]) =>
    authenticators.flatMap((authenticator) => {
      const { passkey } = authenticator;
      if (passkey === null) return [];
      return [{ id: passkey.credentialId, transports: transportsOf(authenticator) }];
    });

  return {
    async enrollmentOptions({ user, existing, challenge, isHardwareNeeded }) {
      const { rpId, issuer } = settings();
      const options = await generateRegistrationOptions({
        rpID: rpId,
        rpName: issuer,
        userID: new Uint8Array(Buffer.from(user.id)),
        userName: user.username,
        userDisplayName: user.displayName,
        challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
        timeout: timeoutMilliseconds,
        attestationType: isHardwareNeeded ? 'direct' : 'none',
        excludeCredentials: descriptors(existing),
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
        supportedAlgorithmIDs: [...algorithms],
        ...(isHardwareNeeded ? { preferredAuthenticatorType: 'securityKey' } : {}),
      });
      return { ...options };
    },

    checkEnrollment: (response, expected) =>
      checkEnrollment(response, { ...expected, ...settings() }),

    seal(user, authenticator, credential) {
      const row = passkeyRow(user, authenticator);
      const sealed = sealer.seal(JSON.stringify(credential), row);
      const opened = sealer.unseal(sealed, row).toString();
      assert.deepEqual(JSON.parse(opened), credential, 'a credential must open after sealing');
      return sealed;
    },

    modelName: ({ aaguid }) => modelName(aaguid),

    async answerOptions({ allowed, challenge, userVerification }) {
      const options = await generateAuthenticationOptions({
        rpID: settings().rpId,
        challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
        timeout: timeoutMilliseconds,
        userVerification,
        ...(allowed === null ? {} : { allowCredentials: descriptors(allowed) }),
      });
      return { ...options };
    },

    claimsOf,

    checkAnswer(stores, response, expected) {
      const { authenticator } = expected;
      const credential = authenticator && unsealCredential(sealer, authenticator);
      return checkAnswer(stores, response, { ...expected, ...settings(), credential });
    },
  };
}

function unsealCredential(sealer: Sealer, authenticator: Authenticator): PasskeyCredential {
  const { userId, id, sealedCredential } = authenticator;
  const opened = sealer.unseal(sealedCredential, passkeyRow(userId, id)).toString();
  const credential = JSON.parse(opened) as PasskeyCredential;
  assert(typeof credential.publicKey === 'string' && Array.isArray(credential.transports));
  return credential;
}
