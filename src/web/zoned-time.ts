/** Writes instants for people, in the operator's time zone and with the zone named. */

import type { EpochMs } from '../core/time.ts';

/** Writes instants in one time zone. */
export interface ZonedTime {
  /** "14:32 (SAST)", with the day in front when it is not today. */
  until(at: EpochMs, now: EpochMs): string;
  /** "22 Nov 2026, 14:32 (SAST)" */
  full(at: EpochMs): string;
  /** "22 Nov 2026" */
  day(at: EpochMs): string;
  /** "Fri 27 Nov, 17:00 SAST", for days that are near */
  weekday(at: EpochMs): string;
}

/** Knows how to write instants in a zone such as `Africa/Johannesburg`. */
export function zonedTime(timeZone: string): ZonedTime {
  const time = format(timeZone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const day = format(timeZone, { day: 'numeric', month: 'short', year: 'numeric' });
  const clock = (at: EpochMs) => `${time.format(at)} (${zoneName(timeZone, at)})`;
  const full = (at: EpochMs) => `${day.format(at)}, ${clock(at)}`;
  const near = format(timeZone, { weekday: 'short', day: 'numeric', month: 'short' });
  // Whether there is a comma after the weekday depends on the version of the tables.
  const dayOfWeek = (at: EpochMs) => near.format(at).replace(',', '');
  return {
    full,
    day: (at) => day.format(at),
    weekday: (at) => `${dayOfWeek(at)}, ${time.format(at)} ${zoneName(timeZone, at)}`,
    until: (at, now) => (day.format(at) === day.format(now) ? clock(at) : full(at)),
  };
}

function format(timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', { ...options, timeZone });
}

/**
 * The name people there give the zone. Each English locale knows the short names of its own part
 * of the world only and writes "GMT+2" for all others, so that several are asked.
 */
function zoneName(timeZone: string, at: EpochMs): string {
  let name = timeZone;
  for (const locale of ['en-ZA', 'en-GB', 'en-US', 'en-IN', 'en-AU', 'en-NZ']) {
    const parts = new Intl.DateTimeFormat(locale, {
      timeZone,
      timeZoneName: 'short',
    }).formatToParts(at);
    name = parts.find((part) => part.type === 'timeZoneName')?.value ?? name;
    if (!/^(?:GMT|UTC)[+\-\u2212]/.test(name)) return name;
  }
  return name;
}
