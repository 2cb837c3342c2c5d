/** Browsers that people signed in with, and the second factors that are remembered there. */

import assert from 'node:assert/strict';

import type { DeviceId, UserId } from '../../core/ids.ts';
import type { MethodId } from '../../core/proofs.ts';
import type { Device, DeviceStore, DeviceTrust } from '../types.ts';
import type { Db, DeviceTable } from './tables.ts';

const noTrust = { trust_method: null, trust_proved_at: null, trusted_until: null };

/** The devices in a database. */
export function sqlDevices(db: Db): DeviceStore {
  return {
    async find(user, key) {
      const row = await db
        .selectFrom('devices')
        .selectAll()
        .where('user_id', '=', user)
        .where('device_key', '=', key)
        .executeTakeFirst();
      return row === undefined ? null : deviceOf(row);
    },

    async listOfUser(user) {
      const rows = await db
        .selectFrom('devices')
        .selectAll()
        .where('user_id', '=', user)
        .orderBy('last_seen_at', 'desc')
        .orderBy('id')
        .execute();
      return rows.map(deviceOf);
    },

    async see(device) {
      await db
        .insertInto('devices')
        .values({
          id: device.id,
          user_id: device.userId,
          device_key: device.key,
          name: device.name,
          first_seen_at: device.firstSeenAt,
          last_seen_at: device.lastSeenAt,
          last_ip: device.lastIp,
          ...noTrust,
        })
        .onConflict((conflict) =>
          conflict
            .columns(['user_id', 'device_key'])
            .doUpdateSet({ last_seen_at: device.lastSeenAt, last_ip: device.lastIp }),
        )
        .execute();
    },

    async trust(user, key, trust) {
      const { numUpdatedRows } = await db
        .updateTable('devices')
        .set({
          trust_method: trust.method,
          trust_proved_at: trust.provedAt,
          trusted_until: trust.until,
        })
        .where('user_id', '=', user)
        .where('device_key', '=', key)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    async distrust(user, id) {
      // PostgreSQL cannot hold a NUL; no id has one, and asking must be an answer, not an error.
      if (id.includes('\0')) return false;
      const { numUpdatedRows } = await db
        .updateTable('devices')
        .set(noTrust)
        .where('user_id', '=', user)
        .where('id', '=', id)
        .where('trust_method', 'is not', null)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    async distrustAll(user) {
      const { numUpdatedRows } = await db
        .updateTable('devices')
        .set(noTrust)
        .where('user_id', '=', user)
        .where('trust_method', 'is not', null)
        .executeTakeFirstOrThrow();
      return Number(numUpdatedRows);
    },

    async keepLatest(user, count) {
      await db
        .deleteFrom('devices')
        .where('user_id', '=', user)
        .where('id', 'not in', (eb) =>
          eb
            .selectFrom('devices')
            .select('id')
            .where('user_id', '=', user)
            .orderBy('last_seen_at', 'desc')
            .orderBy('id')
            .limit(count),
        )
        .execute();
    },

    async removeUnseenSince(at) {
      await db.deleteFrom('devices').where('last_seen_at', '<', at).execute();
    },
  };
}

function deviceOf(row: DeviceTable): Device {
  return {
    id: row.id as DeviceId,
    userId: row.user_id as UserId,
    key: row.device_key,
    name: row.name,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    lastIp: row.last_ip,
    trust: trustOf(row),
  };
}

function trustOf(row: DeviceTable): DeviceTrust | null {
  if (row.trust_method === null) return null;
  // Invariant: the three are written together.
  assert(row.trust_proved_at !== null && row.trusted_until !== null);
  return {
    method: row.trust_method as MethodId,
    provedAt: row.trust_proved_at,
    until: row.trusted_until,
  };
}
