/**
 * Instants and durations.
 *
 * The core never reads a clock: `now` is always handed in. Instants are milliseconds since the
 * Unix epoch and end in `At`; durations carry their unit in their name.
 */

/** An instant: milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

const secondsPerUnit = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Reads a duration such as `30s`, `10m`, `12h` or `30d` as seconds; null when it is none. */
export function parseDurationSeconds(text: string): number | null {
  const match = /^(?<count>[1-9]\d{0,8})(?<unit>[smhd])$/.exec(text);
  if (match?.groups === undefined) return null;
  const unit = match.groups['unit'] as keyof typeof secondsPerUnit;
  return Number(match.groups['count']) * secondsPerUnit[unit];
}

/** Writes seconds as the shortest exact duration: 600 is `10m`, 5400 is `90m`, 45 is `45s`. */
export function formatDuration(seconds: number): string {
  for (const unit of ['d', 'h', 'm'] as const) {
    const size = secondsPerUnit[unit];
    if (seconds >= size && seconds % size === 0) return `${String(seconds / size)}${unit}`;
  }
  return `${String(seconds)}s`;
}

/** The instant that lies `seconds` after `at`. */
export function addSeconds(at: EpochMs, seconds: number): EpochMs {
  return at + seconds * 1000;
}
