/**
 * What somebody has enrolled, in one number beside their record, so that lists and numbers of
 * 100,000 people need not look at what each of them has. Whatever changes it notes it anew.
 */

import { sql, type RawBuilder } from 'kysely';

import type { MethodId } from '../../../core/proofs.ts';
import type { Db } from '../tables.ts';

const bits: Readonly<Record<MethodId, number>> = {
  password: 0,
  totp: 1,
  webauthn: 2,
  'recovery-code': 4,
};

/** The number for a set of methods; `recovery-code` stands for confirmed codes that are left. */
export function factorsOf(methods: readonly MethodId[]): number {
  return methods.reduce((sum, method) => sum | bits[method], 0);
}

/** Says whether a number has one of the methods in it. */
export function hasFactor(factors: number, method: MethodId): boolean {
  return (factors & bits[method]) !== 0;
}

/** The number of a row of `users`, worked out from what is there. */
const factorsNow: RawBuilder<number> = sql<number>`
  (case when exists (select 1 from authenticators
    where authenticators.user_id = users.id and method = 'totp') then 1 else 0 end)
  + (case when exists (select 1 from authenticators
    where authenticators.user_id = users.id and method = 'webauthn') then 2 else 0 end)
  + (case when exists (select 1 from recovery_codes where recovery_codes.user_id = users.id
    and is_confirmed = 1 and used_at is null) then 4 else 0 end)`;

/** Notes what a user has now. The caller holds the user's row. */
export async function noteFactors(db: Db, user: string): Promise<void> {
  await db.updateTable('users').set({ factors: factorsNow }).where('id', '=', user).execute();
}
