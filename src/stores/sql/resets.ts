/** Reset requests and who approved them. One of a person's is open at a time. */

import assert from 'node:assert/strict';

import { sql, type Expression, type ExpressionBuilder, type SqlBool } from 'kysely';

import type { ResetRequestId, TenantId, UserId } from '../../core/ids.ts';
import type { Tier } from '../../core/policy/mfa-policy.ts';
import { openResetStates, type ResetState } from '../../core/reset-request.ts';
import type {
  ProofingCheck,
  ResetApproval,
  ResetRequest,
  ResetStore,
} from '../types/administration.ts';
import { startsAfterCreated } from './pages.ts';
import { isStorable } from './storable.ts';
import type { Db, ResetApprovalTable, ResetRequestTable, Tables } from './tables.ts';

/** The reset requests in a database. */
export function sqlResets(db: Db): ResetStore {
  const find = async (id: ResetRequestId): Promise<ResetRequest | null> => {
    if (!isStorable(id)) return null;
    const [request] = await read(db, (query) => query('id', '=', id));
    return request ?? null;
  };
  return {
    async create(request) {
      await db
        .insertInto('reset_requests')
        .values({
          id: request.id,
          tenant_id: request.tenant,
          user_id: request.userId,
          username: request.username,
          tier: request.tier,
          requested_by: request.requestedBy,
          requested_by_name: request.requestedByName,
          reason: request.reason,
          ticket: request.ticket,
          proofing: JSON.stringify(request.proofing),
          approvals_needed: request.approvalsNeeded,
          state: request.state,
          created_at: request.createdAt,
          expires_at: request.expiresAt,
        })
        .execute();
    },

    find,

    async lock(id) {
      assert(db.isTransaction, 'A lock lasts until the transaction ends; there is none.');
      if (!isStorable(id)) return null;
      // Writing a value to itself is the lock that both engines have.
      await db
        .updateTable('reset_requests')
        .set((eb) => ({ state: eb.ref('state') }))
        .where('id', '=', id)
        .execute();
      return await find(id);
    },

    async findOpenOf(user) {
      const [request] = await read(db, (eb) =>
        eb.and([eb('user_id', '=', user), eb('state', 'in', openResetStates)]),
      );
      return request ?? null;
    },

    async list({ tenant, states, user }, { after, limit }) {
      if (states?.length === 0) return [];
      return await read(
        db,
        (eb) =>
          eb.and([
            eb('tenant_id', '=', tenant),
            ...(states === null ? [] : [eb('state', 'in', states)]),
            ...(user === null ? [] : [eb('user_id', '=', user)]),
            ...(after === null ? [] : [startsAfterCreated('reset_requests', after)]),
          ]),
        limit,
      );
    },

    async countOpen(tenant) {
      const { requests } = await db
        .selectFrom('reset_requests')
        .select((eb) => eb.fn.countAll<number>().as('requests'))
        .where('tenant_id', '=', tenant)
        .where('state', 'in', openResetStates)
        .executeTakeFirstOrThrow();
      return requests;
    },

    async addApproval(id, { approver, approverName, role, at }) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('reset_approvals')
        .columns(['request_id', 'approver', 'approver_name', 'role', 'at'])
        .expression((eb) =>
          eb
            .selectFrom('reset_requests')
            .select([
              'id',
              sql<string>`cast(${approver} as text)`.as('approver'),
              sql<string>`cast(${approverName} as text)`.as('approver_name'),
              sql<string>`cast(${role} as text)`.as('role'),
              sql<number>`cast(${at} as bigint)`.as('at'),
            ])
            .where('id', '=', id)
            .where('state', '=', 'pending' satisfies ResetState),
        )
        // Without naming which: the person may have approved, or somebody in the role.
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    },

    async move(id, { from, to, end }) {
      // Security: one statement asks and moves, so that of several who arrive together, on any
      // number of instances, one moves it.
      const { numUpdatedRows } = await db
        .updateTable('reset_requests')
        .set({
          state: to,
          ...(end !== null && {
            ended_at: end.at,
            ended_by: end.by,
            ended_by_name: end.byName,
            end_reason: end.reason,
          }),
        })
        .where('id', '=', id)
        .where('state', 'in', from)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    listOverdue(now, limit) {
      return read(
        db,
        (eb) => eb.and([eb('state', 'in', openResetStates), eb('expires_at', '<=', now)]),
        limit,
      );
    },
  };
}

async function read(
  db: Db,
  condition: (eb: ExpressionBuilder<Tables, 'reset_requests'>) => Expression<SqlBool>,
  limit = 1,
): Promise<readonly ResetRequest[]> {
  const rows = await db
    .selectFrom('reset_requests')
    .selectAll()
    .where(condition)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  if (rows.length === 0) return [];
  const approvals = await db
    .selectFrom('reset_approvals')
    .selectAll()
    .where(
      'request_id',
      'in',
      rows.map(({ id }) => id),
    )
    .orderBy('at')
    .orderBy('role')
    .execute();
  return rows.map((row) =>
    requestOf(
      row,
      approvals.filter(({ request_id: id }) => id === row.id),
    ),
  );
}

function requestOf(row: ResetRequestTable, approvals: readonly ResetApprovalTable[]): ResetRequest {
  return {
    id: row.id as ResetRequestId,
    tenant: row.tenant_id as TenantId,
    userId: row.user_id as UserId,
    username: row.username,
    tier: row.tier as Tier,
    requestedBy: row.requested_by as UserId,
    requestedByName: row.requested_by_name,
    reason: row.reason,
    ticket: row.ticket,
    proofing: JSON.parse(row.proofing) as readonly ProofingCheck[],
    approvalsNeeded: row.approvals_needed as ResetRequest['approvalsNeeded'],
    approvals: approvals.map((approval) => ({
      approver: approval.approver as UserId,
      approverName: approval.approver_name,
      role: approval.role as ResetApproval['role'],
      at: approval.at,
    })),
    state: row.state as ResetState,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    endedAt: row.ended_at,
    endedBy: row.ended_by as UserId | null,
    endedByName: row.ended_by_name,
    endReason: row.end_reason,
  };
}
