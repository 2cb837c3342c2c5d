/**
 * Where an address is on the map, by a MaxMind database that the operator gives us.
 *
 * A hint, no fact: it says whether a sign-in comes from somewhere unusual, and never that somebody
 * may pass. What the database does not know is named by its network, as without one.
 */

import { readFileSync } from 'node:fs';

import { Reader, type Response } from 'maxmind';

import { networkOf } from '../core/place.ts';

/** The database of places cannot be used. The message is for the operator and says what to do. */
export class GeoDatabaseUnusable extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'GeoDatabaseUnusable';
  }
}

/** What we read of a record; the format promises none of it. */
interface PlaceRecord {
  readonly city?: { readonly names?: { readonly en?: string } };
  readonly country?: { readonly names?: { readonly en?: string } };
}

/** Addresses that every public database knows: what is damaged shows when these are looked up. */
const probes = ['8.8.8.8', '193.0.6.139', '2001:4860:4860::8888'];

/**
 * Opens a database and says where addresses are: "Linköping, Sweden", or the country alone, or the
 * network. Read as a whole now and not again: a newer file is seen at the next start.
 *
 * Throws `GeoDatabaseUnusable` when it is damaged or knows no places.
 */
export function openPlaces(file: string): (ip: string) => string {
  const reader = openReader(file);
  return (ip) => {
    try {
      return placeIn(reader.get(ip)) ?? networkOf(ip);
    } catch {
      // One damaged record must not keep somebody from signing in.
      return networkOf(ip);
    }
  };
}

function openReader(file: string): Reader<Response> {
  let reader: Reader<Response>;
  try {
    reader = new Reader<Response>(readFileSync(file));
    for (const ip of probes) reader.get(ip);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GeoDatabaseUnusable(
      `The database of places ${file} cannot be read (${reason}). Download it again, or take ` +
        'policy.risk.geoDatabase out of the configuration.',
      { cause },
    );
  }
  const { databaseType } = reader.metadata;
  if (/city|country|enterprise/i.test(databaseType)) return reader;
  throw new GeoDatabaseUnusable(
    `The database of places ${file} is a ${databaseType}, which knows no places. ` +
      'Use a City or Country database, such as GeoLite2-City.mmdb.',
  );
}

function placeIn(record: Response | null): string | null {
  const { city, country } = (record ?? {}) as PlaceRecord;
  const names = [city?.names?.en, country?.names?.en].filter((name) => name !== undefined);
  return names.length === 0 ? null : names.join(', ');
}
