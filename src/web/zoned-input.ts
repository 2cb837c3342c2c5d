/** Days and times of day as people write them into forms, as they are in a time zone. */

import { addSeconds, type EpochMs } from '../core/time.ts';

/** What was written: one instant, or two where a clock was put back and showed it twice. */
export interface WrittenTime {
  readonly earliestAt: EpochMs;
  readonly latestAt: EpochMs;
}

const written =
  /^(?<day>\d{4}-\d{2}-\d{2})(?:T(?<time>\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(?<offset>Z|[+-]\d{2}:\d{2})?)?$/;

const daySeconds = 24 * 3600;

/**
 * Reads a day (its first moment), `2026-03-01T14:30` as browsers write it, or an instant with its
 * offset. Null when it is none of these. A time that was skipped when a clock was put forward is
 * read by the clock as it stood before.
 */
export function readWrittenTime(text: string, timeZone: string): WrittenTime | null {
  const parts = written.exec(text)?.groups;
  if (parts === undefined) return null;
  const { day = '', time, offset } = parts;
  const isExact = offset !== undefined;
  const wall = Date.parse(`${day}T${time ?? '00:00'}${isExact ? offset : 'Z'}`);
  const midnight = Date.parse(`${day}T00:00Z`);
  if (Number.isNaN(wall) || Number.isNaN(midnight)) return null;
  // 30 February is read as a day in March.
  if (!new Date(midnight).toISOString().startsWith(day)) return null;
  const instants = isExact ? [wall] : instantsOf(wall, timeZone);
  return { earliestAt: Math.min(...instants), latestAt: Math.max(...instants) };
}

/** The minute of an instant as browsers write it into a form: `2026-03-01T14:30`. */
export function writtenTimeOf(at: EpochMs, timeZone: string): string {
  return new Date(at + offsetAt(at, timeZone)).toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length);
}

/** The instants at which clocks there show a time, given as if it were of UTC: one, or two. */
function instantsOf(wall: number, timeZone: string): readonly EpochMs[] {
  const offsets = [-daySeconds, daySeconds].map((away) =>
    offsetAt(addSeconds(wall, away), timeZone),
  );
  const candidates = offsets.map((offset) => wall - offset);
  const shown = candidates.filter((at) => at + offsetAt(at, timeZone) === wall);
  // Skipped: by the clock as it stood before.
  return shown.length > 0 ? shown : [wall - (offsets[0] ?? 0)];
}

/** How far clocks there are ahead of UTC. */
function offsetAt(at: EpochMs, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    era: 'short',
  });
  const part = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const number = (type: Intl.DateTimeFormatPartTypes): number => Number(part.get(type));
  const year = part.get('era') === 'BC' ? 1 - number('year') : number('year');
  const wall = new Date(0);
  wall.setUTCFullYear(year, number('month') - 1, number('day'));
  wall.setUTCHours(number('hour'), number('minute'), number('second'));
  return wall.getTime() - Math.floor(at / 1000) * 1000;
}
