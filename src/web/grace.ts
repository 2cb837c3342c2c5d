/** What people in grace are told of it, on our pages. */

import { graceEndOf } from '../core/policy/decide.ts';
import type { EpochMs } from '../core/time.ts';
import type { Exchange } from './exchange.ts';
import { zonedTime } from './zoned-time.ts';

const hourMilliseconds = 3600_000;

/** From this many hours on, days are counted. */
const hoursCountedMax = 48;

/** "You have 5 days left to set up a second step (until Fri 27 Nov, 17:00 SAST)."; or null. */
export function graceSentence(
  exchange: Pick<Exchange, 'config' | 'parts' | 'session' | 'now'>,
): string | null {
  const { config, parts, session, now } = exchange;
  const endsAt = session === null ? null : graceEndOf(session, config.policy);
  if (endsAt === null || endsAt <= now) return null;
  const until = zonedTime(config.portal.timeZone).weekday(endsAt);
  const { key, count } = timeLeft(endsAt, now);
  return parts.renderer.words.count(key, count, { until });
}

/** In days, and towards the end in hours, of which none is promised that is not there. */
function timeLeft(
  endsAt: EpochMs,
  now: EpochMs,
): { readonly key: 'grace.days' | 'grace.hours'; readonly count: number } {
  const hours = (endsAt - now) / hourMilliseconds;
  return hours < hoursCountedMax
    ? { key: 'grace.hours', count: Math.floor(hours) }
    : { key: 'grace.days', count: Math.round(hours / 24) };
}
