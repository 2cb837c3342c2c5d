/**
 * Codes from an authenticator app (TOTP, RFC 6238), through otplib.
 *
 * otplib is told everything: the instant comes from our clock, the last used time step from the
 * store, and no default of its own counts. It remembers nothing; that a code works once rests on
 * the store using up its time step before we say yes (RFC 6238 §5.2).
 */

import assert from 'node:assert/strict';

import { ScureBase32Plugin, createGuardrails, generateURI, verifySync } from 'otplib';
import { toDataURL as drawQrPicture, toString as drawQrCode } from 'qrcode';

import { totpRow } from '../../core/sealed-rows.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Random } from '../../platform/random.ts';
import type { Sealer } from '../../platform/seal.ts';
import type { Authenticator } from '../../stores/types.ts';
import type { CodeFactor, TotpCredential, TotpEnrollment } from '../method.ts';
import { readOtpauthUri } from './otpauth-uri.ts';

/** What the operator settles for new authenticators, and how many steps of clock error we bear. */
export interface TotpSettings extends Omit<TotpCredential, 'secret'> {
  /** Time steps before and after the present one whose codes are accepted too. */
  readonly window: number;
  /** The name that stands in the app. */
  readonly issuer: string;
}

/** What the method is made of. `settings` is asked anew each time: a reload may change them. */
export interface TotpParts {
  readonly sealer: Sealer;
  readonly random: Random;
  readonly settings: () => TotpSettings;
  /** The time on the wall at an instant of ours: what phones go by (RFC 6238 §4.2). */
  readonly wallTime: (now: EpochMs) => EpochMs;
}

/** 160 bits, as RFC 4226 §4 recommends. */
const secretBytes = 20;

const base32 = new ScureBase32Plugin();

/** Makes the factor: a code of any of the person's apps, each time step once. */
export function createTotpFactor({ sealer, settings, wallTime }: TotpParts): CodeFactor {
  return {
    id: 'totp',

    async verify(stores, user, code, now) {
      const all = await stores.authenticators.listOfUser(user);
      const wallNow = wallTime(now);
      let wasUsedBefore = false;
      for (const authenticator of all.filter((one) => one.method === 'totp')) {
        const credential = unsealCredential(sealer, authenticator);
        const { window } = settings();
        const step = stepOfCode(credential, code, {
          wallNow,
          window,
          after: authenticator.lastStep,
        });
        if (step === null) {
          const usedStep = stepOfCode(credential, code, { wallNow, window, after: null });
          wasUsedBefore ||= usedStep !== null;
        } else if (await stores.authenticators.consumeStep(authenticator.id, step, now)) {
          return {
            ok: true,
            proof: { method: 'totp', at: now, origin: 'answer', authenticatorId: authenticator.id },
          };
        } else {
          // Somebody else typed the same code in this very moment and was first.
          wasUsedBefore = true;
        }
      }
      return { ok: false, reason: wasUsedBefore ? 'code-already-used' : 'wrong-code' };
    },
  };
}

/** Makes the way to enroll an app. */
export function createTotpEnrollment(parts: TotpParts): TotpEnrollment {
  const { sealer, random, settings, wallTime } = parts;
  return {
    begin() {
      const { algorithm, digits, periodSeconds } = settings();
      const secret = base32.encode(random.bytes(secretBytes), { padding: false });
      return { secret, algorithm, digits, periodSeconds };
    },

    async present({ username }, credential) {
      // The label of the Key URI format parts issuer and account with a colon, so neither may hold
      // one; usernames never do.
      const issuer = settings().issuer.replaceAll(':', ' ').trim();
      const otpauthUrl = generateURI({
        strategy: 'totp',
        issuer,
        label: username,
        secret: credential.secret,
        algorithm: libraryAlgorithms[credential.algorithm],
        digits: credential.digits,
        period: credential.periodSeconds,
      });
      const qrSvg = await drawQrCode(otpauthUrl, {
        type: 'svg',
        errorCorrectionLevel: 'M',
        margin: 4,
        color: { dark: '#000000', light: '#ffffff' },
      });
      const { secret, digits, periodSeconds } = credential;
      return { secret, otpauthUrl, qrSvg, account: username, digits, periodSeconds };
    },

    pictureOf({ otpauthUrl }) {
      return drawQrPicture(otpauthUrl, {
        type: 'image/png',
        errorCorrectionLevel: 'M',
        margin: 4,
        scale: 6,
        color: { dark: '#000000', light: '#ffffff' },
      });
    },

    stepOf(credential, code, now) {
      const { window } = settings();
      return stepOfCode(credential, code, { wallNow: wallTime(now), window, after: null });
    },

    seal(user, authenticator, credential) {
      const sealed = sealer.seal(JSON.stringify(credential), totpRow(user, authenticator));
      const opened = sealer.unseal(sealed, totpRow(user, authenticator)).toString();
      assert.deepEqual(JSON.parse(opened), credential, 'a credential must open after sealing');
      return sealed;
    },

    shapeOf(authenticator) {
      const { digits, periodSeconds } = unsealCredential(sealer, authenticator);
      return { digits, periodSeconds };
    },

    readUri: readOtpauthUri,
  };
}

/**
 * We make secrets of 160 bits. Shorter ones come from another product, where an operator insisted;
 * below 80 bits they are not taken from anywhere.
 */
const guardrails = createGuardrails({ MIN_SECRET_BYTES: 10, MAX_SECRET_BYTES: 128 });

const libraryAlgorithms = { SHA1: 'sha1', SHA256: 'sha256', SHA512: 'sha512' } as const;

/** The time step that a code belongs to, or null when it is wrong, malformed or used before. */
function stepOfCode(
  credential: TotpCredential,
  typed: string,
  at: {
    readonly wallNow: EpochMs;
    readonly window: number;
    readonly after: number | null;
  },
): number | null {
  const { secret, algorithm, digits, periodSeconds } = credential;
  const code = typed.replace(/[\s-]/g, '');
  if (code.length !== digits || !/^[0-9]+$/.test(code)) return null;

  const epoch = Math.floor(at.wallNow / 1000);
  const latestStep = Math.floor(epoch / periodSeconds) + at.window;
  // A used step in the future was used under a wrong clock. The store decides what becomes of it;
  // otplib would throw.
  const isComparable = at.after !== null && at.after >= 0 && at.after <= latestStep;
  const answer = verifySync({
    strategy: 'totp',
    secret,
    token: code,
    algorithm: libraryAlgorithms[algorithm],
    digits,
    period: periodSeconds,
    t0: 0,
    epoch,
    epochTolerance: at.window * periodSeconds,
    ...(isComparable && at.after !== null ? { afterTimeStep: at.after } : {}),
    guardrails,
  });
  return answer.valid && 'timeStep' in answer ? answer.timeStep : null;
}

function unsealCredential(sealer: Sealer, authenticator: Authenticator): TotpCredential {
  const { userId, id, sealedCredential } = authenticator;
  const opened = sealer.unseal(sealedCredential, totpRow(userId, id)).toString();
  const credential = JSON.parse(opened) as TotpCredential;
  assert(typeof credential.secret === 'string' && credential.periodSeconds > 0);
  return credential;
}
