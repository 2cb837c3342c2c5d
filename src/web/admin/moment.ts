/** Writes instants for lists that are read all day: how long ago, and the exact one beside it. */

import type { EpochMs } from '../../core/time.ts';
import type { Exchange } from '../exchange.ts';
import { zonedTime } from '../zoned-time.ts';
import type { Moment } from './blocks.ts';

/** The units of time that are counted in, each with how long it is used for. */
const units = [
  { unit: 'minute', milliseconds: 60_000, below: 3600_000 },
  { unit: 'hour', milliseconds: 3600_000, below: 48 * 3600_000 },
  { unit: 'day', milliseconds: 24 * 3600_000, below: 60 * 24 * 3600_000 },
] as const;

/** A writer of moments, by the clock of this request. */
export function momentsOf({
  config,
  parts,
  now,
}: Pick<Exchange, 'config' | 'parts' | 'now'>): (at: EpochMs) => Moment {
  const { words } = parts.renderer;
  const time = zonedTime(config.portal.timeZone);
  const ago = new Intl.RelativeTimeFormat(words.language, { style: 'short' });
  const relative = (at: EpochMs): string => {
    const away = Math.abs(at - now);
    if (away < 60_000) return words.say(at > now ? 'admin.moment.soon' : 'admin.moment.now');
    const unit = units.find(({ below }) => away < below);
    if (unit === undefined) return time.day(at);
    return ago.format(Math.trunc((at - now) / unit.milliseconds), unit.unit);
  };
  return (at) => ({
    relative: relative(at),
    exact: time.full(at),
    iso: new Date(at).toISOString(),
  });
}
