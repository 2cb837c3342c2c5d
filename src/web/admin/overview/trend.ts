/** The line chart of the last days, as coordinates: it is drawn on the server, without a script. */

import type { MfaDay } from '../../../stores/types/administration.ts';
import type { Exchange } from '../../exchange.ts';
import { zonedTime } from '../../zoned-time.ts';
import type { TrendChart } from './overview-views.ts';

/** The box that is drawn in. */
const box = { width: 600, height: 120 } as const;

const lineKinds = [
  ['enrolled', (day: MfaDay) => day.enrolled],
  ['in-grace', (day: MfaDay) => day.inGrace],
  ['missing', (day: MfaDay) => day.missing],
] as const;

/** The chart; null while there are not two days to draw a line between. */
export function trendOf(
  { config, parts }: Pick<Exchange, 'config' | 'parts'>,
  days: readonly MfaDay[],
): TrendChart | null {
  const [first, last] = [days.at(0), days.at(-1)];
  if (first === undefined || last === undefined || days.length < 2) return null;
  const { say } = parts.renderer.words;
  const time = zonedTime(config.portal.timeZone);
  // Noon: no zone takes a day for the one before it.
  const named = ({ day }: MfaDay): string => time.day(Date.parse(`${day}T12:00:00Z`));
  const top = Math.max(1, ...days.map(({ total }) => total));
  const begin = Date.parse(first.day);
  const span = Date.parse(last.day) - begin;
  const place = (day: MfaDay, value: number) => ({
    // By date, not by number: a day on which nothing ran leaves a gap.
    x: tenth(((Date.parse(day.day) - begin) / span) * box.width),
    y: tenth(box.height - (value / top) * box.height),
  });
  return {
    label: say('admin.trend.label', { from: named(first), to: named(last) }),
    lines: lineKinds.map(([kind, of]) => {
      const points = days.map((day) => place(day, of(day)));
      return {
        kind,
        label: say(`admin.status.${kind}`),
        points: points.map(({ x, y }) => `${String(x)},${String(y)}`).join(' '),
        end: place(last, of(last)),
      };
    }),
    top: String(top),
    first: named(first),
    last: named(last),
    rows: days.map((day) => ({ day: named(day), numbers: lineKinds.map(([, of]) => of(day)) })),
  };
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
