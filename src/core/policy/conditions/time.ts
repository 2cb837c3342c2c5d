/**
 * The condition `time`: the request falls into certain hours of certain days, by the clock on the
 * wall of one time zone. Pure: the calendar is computed from `now`.
 */

import type { EpochMs } from '../../time.ts';
import type { Condition } from '../rule.ts';

/** Days of the week, as the configuration names them. */
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** A day of the week. */
export type Weekday = (typeof weekdays)[number];

/** Hours of days. From later to earlier goes over midnight and belongs to the day it began on. */
export interface TimeWindow {
  readonly days: readonly Weekday[];
  /** Minutes since midnight: 480 is 08:00. */
  readonly fromMinute: number;
  /** The first minute that is outside again; 1440 is the end of the day. */
  readonly toMinute: number;
  /** IANA name: `Africa/Johannesburg`. */
  readonly timeZone: string;
}

interface TimeCondition extends Condition {
  readonly kind: 'time';
  readonly window: TimeWindow;
}

/** Holds while the clock of the time zone is inside the window. The zone was checked before. */
export function timeCondition(window: TimeWindow): Condition {
  const { days, fromMinute, toMinute, timeZone } = window;
  const wallClock = wallClockOf(timeZone);
  const condition: TimeCondition = {
    kind: 'time',
    window,
    wants: `${days.join(',')} ${clockText(fromMinute)}–${clockText(toMinute)} ${timeZone}`,
    sees: (_request, now) => {
      const { weekday, minute } = wallClock(now);
      return `${weekday} ${clockText(minute)} ${timeZone}`;
    },
    holds: (_request, now) => isInside(window, wallClock(now)),
    covers: (other) => isTimeCondition(other) && isWithin(other.window, window),
  };
  return condition;
}

/** Reads `08:00` (or `24:00`) as minutes since midnight; null when it is no time of day. */
export function parseTimeOfDay(text: string): number | null {
  const match = /^(?<hours>[01]\d|2[0-4]):(?<minutes>[0-5]\d)$/.exec(text);
  if (match?.groups === undefined) return null;
  const minute = Number(match.groups['hours']) * 60 + Number(match.groups['minutes']);
  return minute <= minutesOfDay ? minute : null;
}

/** Says whether a text names a time zone that this runtime knows. */
export function isTimeZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const minutesOfDay = 24 * 60;

interface WallClock {
  readonly weekday: Weekday;
  readonly minute: number;
}

function wallClockOf(timeZone: string): (now: EpochMs) => WallClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (now) => {
    const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, value]));
    return {
      weekday: parts.get('weekday')?.toLowerCase() as Weekday,
      minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
    };
  };
}

function isInside(window: TimeWindow, { weekday, minute }: WallClock): boolean {
  const { days, fromMinute, toMinute } = window;
  if (fromMinute < toMinute) {
    return days.includes(weekday) && minute >= fromMinute && minute < toMinute;
  }
  const isEvening = days.includes(weekday) && minute >= fromMinute;
  const isMorningAfter = days.includes(dayBefore(weekday)) && minute < toMinute;
  return isEvening || isMorningAfter;
}

function dayBefore(weekday: Weekday): Weekday {
  return weekdays.at(weekdays.indexOf(weekday) - 1) as Weekday;
}

/** Compared as written: the same zone and span. Other pairs may overlap in ways we do not judge. */
function isWithin(inner: TimeWindow, outer: TimeWindow): boolean {
  return (
    inner.timeZone === outer.timeZone &&
    inner.fromMinute === outer.fromMinute &&
    inner.toMinute === outer.toMinute &&
    inner.days.every((day) => outer.days.includes(day))
  );
}

function clockText(minute: number): string {
  return `${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

function isTimeCondition(condition: Condition): condition is TimeCondition {
  return condition.kind === 'time' && 'window' in condition;
}
