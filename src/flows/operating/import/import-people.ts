/**
 * Brings people from another product: accounts, groups, and the authenticator apps they have.
 *
 * The whole of it is checked first, and nothing is written while anything is wrong. Then it is
 * written in small transactions, each person whole with their app, invitation and audit event; a
 * run that was interrupted is done again, and leaves whoever is there already as they are. Nobody
 * is given a password: people choose theirs by a one-time link.
 */

import { defaultTenant, idBytes, idFrom, type TenantId } from '../../../core/ids.ts';
import { NameTaken, type Stores, type User } from '../../../stores/types.ts';
import { settledAccount, type SettledAccount } from '../../admin/account-changes.ts';
import { createEnrollmentLink } from '../../admin/enrollment-links.ts';
import { eventOnCommandLine } from '../../audit-events.ts';
import { authenticatorNameIn } from '../../enroll/authenticator-names.ts';
import type { FlowContext } from '../../flow-context.ts';
import type { ListedApp } from './app-list.ts';
import type { LineFault, TableRow } from './people-table.ts';

/** A row of the table, or what is wrong with it. */
export type RowReading =
  | { readonly ok: true; readonly row: TableRow }
  | { readonly ok: false; readonly fault: LineFault };

/** What is imported, and how people hear of it. */
export interface ImportOrder {
  /** Reads the table from its beginning; called once to check it and once to write it. */
  readonly rows: () => AsyncIterable<RowReading>;
  readonly apps: readonly ListedApp[];
  /** `nobody`: there are no links; whoever has no password cannot sign in yet. */
  readonly invite: 'by-mail' | 'by-links' | 'nobody';
}

/** What checking found: how much there is to do, and what is wrong. */
export interface ImportPlan {
  readonly people: number;
  /** Whoever is there already is left as they are. */
  readonly existing: number;
  readonly apps: number;
  readonly weakApps: number;
  readonly faults: readonly (LineFault & { readonly file: 'people' | 'apps' })[];
  /** How many faults there are beyond those that are listed. */
  readonly moreFaults: number;
}

/** An invitation, to be handed over. */
export interface Invitation {
  readonly username: string;
  readonly email: string | null;
  readonly url: string;
  readonly expiresAt: number;
}

/** What was done. */
export interface ImportAnswer {
  readonly people: number;
  readonly existing: number;
  readonly apps: number;
  readonly invitations: number;
}

const faultsMax = 1000;
const pageSize = 100;
const weakBelowBits = 128;

/** Looks at everything and changes nothing. */
export async function planImport(
  ctx: Pick<FlowContext, 'config' | 'stores'>,
  { rows, apps, invite }: ImportOrder,
): Promise<ImportPlan> {
  const faults: ImportPlan['faults'][number][] = [];
  let moreFaults = 0;
  const refuse = (file: 'people' | 'apps', { line, sentence }: LineFault): void => {
    if (faults.length < faultsMax) faults.push({ file, line, sentence });
    else moreFaults += 1;
  };
  const appOf = appsByAccount(apps);
  const tenants = await tenantsOf(ctx.stores);
  const seen = new Map<string, number>();
  const wanted = new Set<ListedApp>();
  const counts = { people: 0, existing: 0, apps: 0, weakApps: 0 };

  for await (const page of pagesOf(rows())) {
    const taken = await takenAmong(ctx.stores, page);
    for (const reading of page) {
      if (!reading.ok) {
        refuse('people', reading.fault);
        continue;
      }
      const { row } = reading;
      const refuseRow = (sentence: string): void => refuse('people', { line: row.line, sentence });
      const key = row.username.toLowerCase();
      const before = seen.get(key);
      seen.set(key, before ?? row.line);
      const settled = settle(ctx, row);
      const app = appOf(row);
      if (app === 'two') {
        refuseRow('Two apps belong to this person: one by username, one by e-mail address.');
        continue;
      }
      if (app !== null) wanted.add(app);
      const existing = taken.get(key);
      if (!settled.ok) refuseRow(settled.sentence);
      else if (before !== undefined) {
        refuseRow(`${row.username} is on line ${String(before)} already.`);
      } else if (!tenants.has(settled.account.tenant)) {
        const { tenant } = settled.account;
        refuseRow(`There is no tenant ${tenant}: sallyport tenant add ${tenant}`);
      } else if (existing !== undefined) {
        const sentence = conflictWith(existing, settled.account);
        if (sentence === null) counts.existing += 1;
        else refuseRow(sentence);
      } else if (invite === 'by-mail' && row.isEnabled && row.email === null) {
        refuseRow('There is no e-mail address to invite; give one, or take --links-file.');
      } else {
        counts.people += 1;
        if (app !== null) counts.apps += 1;
        if (app !== null && app.secretBits < weakBelowBits) counts.weakApps += 1;
      }
    }
  }
  for (const app of apps.filter((one) => !wanted.has(one))) {
    refuse('apps', {
      line: app.line,
      sentence: `Nobody in the table is named ${JSON.stringify(app.account)}.`,
    });
  }
  return { ...counts, faults, moreFaults };
}

/**
 * Writes what was checked. `hand` is given the invitations of each transaction before it is done,
 * so that no link is lost; a link of one that is not done leads nowhere.
 */
export async function importPeople(
  ctx: FlowContext,
  order: ImportOrder,
  hear: {
    readonly hand: (invitations: readonly Invitation[]) => void;
    readonly progress: (done: number) => void;
  },
): Promise<ImportAnswer> {
  const appOf = appsByAccount(order.apps);
  const answer = { people: 0, existing: 0, apps: 0, invitations: 0 };
  for await (const page of pagesOf(order.rows())) {
    const taken = await takenAmong(ctx.stores, page);
    const fresh = page.flatMap((reading) => {
      const row = reading.ok ? reading.row : null;
      const settled = row === null ? null : settle(ctx, row);
      const app = row === null ? null : appOf(row);
      if (row === null || settled?.ok !== true || app === 'two') {
        throw new Error('the file was changed while it was read; begin again');
      }
      if (taken.has(row.username.toLowerCase())) return [];
      return [{ row, account: settled.account, app }];
    });
    answer.existing += page.length - fresh.length;
    const done = await ctx.stores.transaction(async (stores) => {
      const made = { people: 0, apps: 0, invitations: [] as Invitation[] };
      for (const { row, account, app } of fresh) {
        const user = await make(ctx, stores, account, app);
        // Somebody made the account since; it is theirs.
        if (user === null) continue;
        made.people += 1;
        if (app !== null) made.apps += 1;
        if (!row.isEnabled) await stores.users.setDisabled(user.id, true);
        else if (order.invite !== 'nobody') {
          made.invitations.push(await invite(ctx, stores, user, order.invite));
        }
      }
      hear.hand(made.invitations);
      return made;
    });
    answer.people += done.people;
    answer.apps += done.apps;
    answer.existing += fresh.length - done.people;
    answer.invitations += done.invitations.length;
    hear.progress(answer.people + answer.existing);
  }
  return answer;
}

async function make(
  ctx: FlowContext,
  stores: Stores,
  account: SettledAccount,
  app: ListedApp | null,
): Promise<User | null> {
  const now = ctx.clock.now();
  const id = idFrom('user', ctx.random.bytes(idBytes));
  let user: User;
  try {
    user = await stores.users.create({ ...account, id, passwordHash: null, createdAt: now });
  } catch (thrown) {
    if (thrown instanceof NameTaken) return null;
    throw thrown;
  }
  if (app !== null) {
    const authenticator = idFrom('authenticator', ctx.random.bytes(idBytes));
    await stores.authenticators.create({
      id: authenticator,
      userId: id,
      method: 'totp',
      name: authenticatorNameIn(app.issuer ?? '') ?? 'Authenticator app',
      sealedCredential: ctx.totpEnrollment.seal(id, authenticator, app.credential),
      lastStep: -1,
      passkey: null,
      createdAt: now,
      lastUsedAt: null,
    });
  }
  await stores.audit.append(
    eventOnCommandLine(user, {
      at: now,
      type: 'user.imported',
      severity: 'notice',
      details: {
        username: user.username,
        groups: user.groups,
        ...(app !== null && { authenticator: 'totp', secretBits: app.secretBits }),
      },
    }),
  );
  return user;
}

async function invite(
  ctx: FlowContext,
  stores: Stores,
  user: User,
  how: 'by-mail' | 'by-links',
): Promise<Invitation> {
  const config = ctx.config.current();
  // Whoever hands links over does not want them mailed as well.
  const quiet = { current: () => ({ ...config, mail: null }) };
  const links = how === 'by-mail' ? ctx : { ...ctx, config: quiet };
  const now = ctx.clock.now();
  const link = await createEnrollmentLink(links, stores, 'cli', user, 'invitation', now);
  return { username: user.username, email: user.email, ...link };
}

function settle(ctx: Pick<FlowContext, 'config'>, row: TableRow) {
  const { username, displayName, email, groups } = row;
  const tenant = row.tenant ?? defaultTenant;
  const kind = 'user' as const;
  return settledAccount(ctx, { kind, username, displayName, email, groups, tenant, networks: [] });
}

/** Why somebody who is there cannot be who is meant; null: they may well be. */
function conflictWith(existing: User, { tenant }: SettledAccount): string | null {
  if (existing.kind === 'service') {
    return `${existing.username} is a service account; take another username.`;
  }
  if (existing.tenant === tenant) return null;
  return `${existing.username} belongs to the tenant ${existing.tenant} already.`;
}

function appsByAccount(
  apps: readonly ListedApp[],
): (row: Pick<TableRow, 'username' | 'email'>) => ListedApp | 'two' | null {
  const byAccount = new Map(apps.map((app) => [app.account, app]));
  return ({ username, email }) => {
    const byName = byAccount.get(username.toLowerCase()) ?? null;
    const byEmail = email === null ? null : (byAccount.get(email.toLowerCase()) ?? null);
    if (byName !== null && byEmail !== null && byName !== byEmail) return 'two';
    return byName ?? byEmail;
  };
}

async function tenantsOf({ tenants }: Stores): Promise<ReadonlySet<TenantId>> {
  return new Set((await tenants.list()).map(({ id }) => id));
}

async function takenAmong(
  { users }: Stores,
  page: readonly RowReading[],
): Promise<ReadonlyMap<string, User>> {
  const names = page.flatMap((reading) => (reading.ok ? [reading.row.username] : []));
  const taken = await users.listByUsernames(names.filter((name) => !name.includes('\0')));
  return new Map(taken.map((user) => [user.username.toLowerCase(), user]));
}

async function* pagesOf(rows: AsyncIterable<RowReading>): AsyncGenerator<readonly RowReading[]> {
  let page: RowReading[] = [];
  for await (const row of rows) {
    page.push(row);
    if (page.length < pageSize) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
