/**
 * People whom a run makes for itself, and their removal: at the end of what they were made for,
 * after a failure, and at the next run what a killed one left behind.
 *
 * Security: a throw-away person may be of the highest tier. Nobody can be them: name and password
 * are random and in this process's memory only, none of their sessions is ever in the session
 * store, so that no cookie stands for one, and they have no address that anything is sent to.
 */

import type { NewAuditEvent } from '../../../core/audit-event.ts';
import { evidenceTenantMadeAt } from '../../../core/evidence-tenant.ts';
import { idBytes, idFrom, type TenantId, type UserId } from '../../../core/ids.ts';
import { statusPolicyOf } from '../../../core/policy/enrollment-status.ts';
import { noTenantRules } from '../../../core/tenant-rules.ts';
import { addSeconds } from '../../../core/time.ts';
import type { User } from '../../../stores/types.ts';
import type { PeopleFilter } from '../../../stores/types/administration.ts';
import type { FlowContext } from '../../flow-context.ts';
import type { ThrowAway } from './person.ts';
import { runSecondsMax, type Run } from './run.ts';

const passwordBytes = 32;

/** Makes the tenant of the run. */
export async function makeTenant(run: Run): Promise<void> {
  const { ctx, tenant, id } = run;
  await ctx.stores.transaction(async (stores) => {
    const name = `Evidence ${id}`;
    await stores.tenants.create({ id: tenant, name, rules: noTenantRules, gracePeriodDays: 0 });
    await stores.audit.append(eventOf(run, null, 'tenant.created', { tenant, title: name }));
  });
}

/** Makes somebody of these groups. */
export async function makePerson(run: Run, groups: readonly string[]): Promise<ThrowAway> {
  const { ctx, tenant } = run;
  run.goOn();
  const password = ctx.random.bytes(passwordBytes).toString('base64url');
  run.secrets.add('a password', password);
  const username = `${tenant}-${String(run.everybody.length + 1)}`;
  const passwordHash = await ctx.passwords.hash(password);
  const user = await ctx.stores.transaction(async (stores) => {
    const created = await stores.users.create({
      id: idFrom('user', ctx.random.bytes(idBytes)),
      kind: 'user',
      username,
      displayName: 'Throw-away person of a run of evidence',
      email: null,
      groups,
      tenant,
      networks: [],
      passwordHash,
      createdAt: ctx.clock.now(),
    });
    await stores.audit.append(eventOf(run, created, 'user.created', { username, groups }));
    return created;
  });
  const person: ThrowAway = { user, password, app: null, passkey: null, codes: [] };
  run.people.add(person);
  run.everybody.push(person);
  return person;
}

/** Removes somebody and all that hangs on them. */
export async function removePerson(run: Run, person: ThrowAway): Promise<void> {
  await remove(run, person.user);
  run.people.delete(person);
}

/** Makes people for some work and removes them after it, however it ended. */
export async function withPeople<Value>(
  run: Run,
  groupsOfEach: readonly (readonly string[])[],
  work: (people: readonly ThrowAway[]) => Promise<Value>,
): Promise<Value> {
  const people: ThrowAway[] = [];
  try {
    for (const groups of groupsOfEach) people.push(await makePerson(run, groups));
    return await work(people);
  } finally {
    for (const person of people) await removePerson(run, person);
  }
}

/** Removes whoever is still there, and the tenant. */
export async function clearAway(run: Run): Promise<void> {
  for (const person of run.people) await removePerson(run, person);
  await run.ctx.stores.tenants.remove(run.tenant);
}

/**
 * Removes what runs left behind that were killed, and says how many people that were. A run that is
 * still under way elsewhere is younger than any run may be and is left alone.
 */
export async function clearLeftovers(run: Run): Promise<number> {
  const { ctx } = run;
  const oldest = addSeconds(ctx.clock.now(), -2 * runSecondsMax);
  const tenants = await ctx.stores.tenants.list();
  let removed = 0;
  for (const { id } of tenants) {
    const madeAt = evidenceTenantMadeAt(id);
    if (madeAt === null || madeAt >= oldest) continue;
    for (const user of await peopleOf(ctx, id)) {
      // Whoever somebody put in there by hand is not ours to remove, and keeps the tenant.
      if (!user.username.startsWith(`${id}-`)) continue;
      await remove(run, user);
      removed += 1;
    }
    if ((await peopleOf(ctx, id)).length === 0) await ctx.stores.tenants.remove(id);
  }
  return removed;
}

/** More than any run ever makes. */
const peopleMax = 200;

async function peopleOf(ctx: FlowContext, tenant: TenantId): Promise<readonly User[]> {
  const { policy } = ctx.config.current();
  const listed = await ctx.stores.people.search(
    { ...everybody, tenant },
    { after: null, limit: peopleMax },
    { policy: statusPolicyOf(policy), now: ctx.clock.now() },
  );
  return listed.map(({ user }) => user);
}

const everybody: Omit<PeopleFilter, 'tenant'> = {
  text: null,
  tier: null,
  group: null,
  status: null,
  method: null,
  kind: null,
  isDisabled: null,
  isLocked: null,
};

async function remove(run: Run, user: Pick<User, 'id' | 'username' | 'tenant'>): Promise<void> {
  const { ctx } = run;
  await ctx.stores.transaction(async (stores) => {
    await stores.users.remove(user.id);
    await stores.audit.append(eventOf(run, user, 'user.removed', { username: user.username }));
  });
}

function eventOf(
  run: Run,
  user: { readonly id: UserId; readonly tenant: TenantId } | null,
  type: NewAuditEvent['type'],
  details: NewAuditEvent['details'],
): NewAuditEvent {
  const { userAgent } = run.visit();
  return {
    at: run.ctx.clock.now(),
    type,
    severity: 'notice',
    actor: run.by,
    subject: user?.id ?? null,
    tenant: user?.tenant ?? run.tenant,
    ip: null,
    userAgent,
    session: null,
    requestId: null,
    details,
  };
}
