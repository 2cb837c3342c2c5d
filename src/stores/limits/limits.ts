/**
 * Rate limits against guessing and floods. They slow an address down, never an account: nobody can
 * lock somebody else out by guessing at their password (security G7). What is counted by account
 * alone is only what its owner does once they are signed in.
 *
 * Kept in memory, or in Redis where sessions are; while Redis does not answer, memory takes over,
 * so that its absence never lifts a limit. The library keeps time by itself.
 */

import { hash } from 'node:crypto';
import { isIPv6 } from 'node:net';

import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible';

import type { RedisLink } from '../sessions/redis-link.ts';
import { StoreUnavailable, type LimitAnswer, type Limits } from '../types.ts';
import { usernameKey } from '../username-key.ts';

/** So many times within so many seconds. */
export interface Rate {
  readonly timesMax: number;
  readonly withinSeconds: number;
}

/** All rates. */
export interface Rates {
  /** Guesses at one account's password from one address. */
  readonly passwordPerAccount: Rate;
  /** Guesses at anybody's password from one address. */
  readonly passwordPerAddress: Rate;
  readonly page: Rate;
  readonly code: Rate;
  /** New sets of recovery codes of one account, from anywhere. */
  readonly recoveryCodes: Rate;
}

/** What a household behind one address never notices and a program soon does. */
export const defaultRates: Rates = {
  passwordPerAccount: { timesMax: 10, withinSeconds: 900 },
  passwordPerAddress: { timesMax: 50, withinSeconds: 900 },
  page: { timesMax: 600, withinSeconds: 60 },
  code: { timesMax: 30, withinSeconds: 60 },
  recoveryCodes: { timesMax: 5, withinSeconds: 3600 },
};

/** Opens the limits; `redis` is the sessions' connection, or null to count in memory. */
export function openLimits(options: {
  readonly redis: RedisLink | null;
  readonly rates: Rates;
}): Limits {
  const { redis, rates } = options;
  const perAccount = limiter('password-account', rates.passwordPerAccount, redis);
  const perAddress = limiter('password-address', rates.passwordPerAddress, redis);
  const newCodes = limiter('recovery-codes', rates.recoveryCodes, redis);
  const classes = {
    page: limiter('page', rates.page, redis),
    code: limiter('code', rates.code, redis),
  };
  return {
    async password(account, ip) {
      // Both count, so that moving on to the next account does not stop the address's clock.
      const answers = await Promise.all([
        count(perAccount, accountAndAddress(account, ip)),
        count(perAddress, addressBlock(ip)),
      ]);
      return longestWait(answers);
    },

    async passwordSucceeded(account, ip) {
      // A right password is no guess: an office behind one address may sign in all at once.
      await Promise.all([
        perAccount.delete(accountAndAddress(account, ip)),
        perAddress.reward(addressBlock(ip), 1),
      ]);
    },

    request: (limitClass, ip) => count(classes[limitClass], addressBlock(ip)),
    newRecoveryCodes: (account) => count(newCodes, accountKey(account)),
  };
}

/**
 * The part of an address that one customer has for themselves: all of an IPv4 address, the first
 * 64 bits of an IPv6 one.
 */
export function addressBlock(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const [head = '', tail] = ip.split('::');
  const left = head === '' ? [] : head.split(':');
  // `::` stands for as many zero groups as are missing.
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

function accountAndAddress(account: string, ip: string): string {
  return `${accountKey(account)}:${addressBlock(ip)}`;
}

/** Whatever was typed as a name, as a key of one length. */
function accountKey(account: string): string {
  return hash('sha256', usernameKey(account), 'hex');
}

function limiter(name: string, rate: Rate, redis: RedisLink | null): RateLimiterAbstract {
  const options = {
    keyPrefix: `sallyport:limit:${name}`,
    points: rate.timesMax,
    duration: rate.withinSeconds,
    blockDuration: 0,
    execEvenly: false,
  };
  const inMemory = new RateLimiterMemory(options);
  if (redis === null) return inMemory;
  return new RateLimiterRedis({
    ...options,
    storeClient: clientOn(redis),
    useRedisPackage: true,
    insuranceLimiter: inMemory,
  });
}

/** The two commands that the library sends for what we ask of it, with our time limits. */
function clientOn(redis: RedisLink): object {
  return {
    eval: (script: string, options: { readonly keys: string[]; readonly arguments: string[] }) =>
      redis.run((commands) => commands.eval(script, options)),
    del: (key: string) => redis.run((commands) => commands.del(key)),
  };
}

async function count(limits: RateLimiterAbstract, key: string): Promise<LimitAnswer> {
  try {
    await limits.consume(key, 1);
    return { ok: true };
  } catch (refusal) {
    // The library throws its "no"; anything else is trouble that even memory could not insure.
    if (!(refusal instanceof RateLimiterRes)) {
      throw new StoreUnavailable('The rate limit', { cause: refusal });
    }
    return { ok: false, retryAfterSeconds: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)) };
  }
}

function longestWait(answers: readonly LimitAnswer[]): LimitAnswer {
  const waits = answers.map((answer) => (answer.ok ? 0 : answer.retryAfterSeconds));
  const retryAfterSeconds = Math.max(...waits);
  return retryAfterSeconds === 0 ? { ok: true } : { ok: false, retryAfterSeconds };
}
