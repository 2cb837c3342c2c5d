/**
 * The phone in a person's hand: makes the code of a moment from a base-32 secret.
 *
 * Written against RFC 4226 and 6238 with nothing but HMAC, so that whoever checks our codes by it
 * does not check a library against itself.
 */

import { createHmac } from 'node:crypto';

import type { EpochMs } from '../../../core/time.ts';

/** What the app was told when it scanned the picture. */
export interface AppSettings {
  readonly algorithm?: 'SHA1' | 'SHA256' | 'SHA512';
  readonly digits?: number;
  readonly periodSeconds?: number;
}

/** The code that an app shows at an instant; `steps` moves it by whole periods. */
export function codeAt(
  secret: string,
  at: EpochMs,
  settings: AppSettings & { readonly steps?: number } = {},
): string {
  const { periodSeconds = 30, steps = 0 } = settings;
  return codeOfStep(secret, Math.floor(at / 1000 / periodSeconds) + steps, settings);
}

/** The code of one time step. */
export function codeOfStep(secret: string, step: number, settings: AppSettings = {}): string {
  const { algorithm = 'SHA1', digits = 6 } = settings;
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac(algorithm, bytesOf(secret)).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 15;
  const number = (mac.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** digits;
  return String(number).padStart(digits, '0');
}

/** The bytes that base 32 (RFC 4648 §6) stands for, with or without padding. */
export function bytesOf(secret: string): Buffer {
  const bits = Array.from(secret.replace(/[\s=-]/g, '').toUpperCase(), (one) =>
    alphabet.indexOf(one).toString(2).padStart(5, '0'),
  ).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
