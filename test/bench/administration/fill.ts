/**
 * Fills a database by SQL with what an organisation of that size has after a quarter. Everything
 * follows from a row's number, so two runs have the same rows. The events form no valid chain.
 */

import { sql, type RawBuilder } from 'kysely';

import type { SqlDatabase } from '../../../src/stores/sql/database.ts';

/** When the measured quarter ends. */
export const benchNow = Date.UTC(2026, 2, 31, 12);

const quarter = 90 * 86_400_000;
const batch = 100_000;

/** How much there is. */
export interface Size {
  readonly people: number;
  readonly events: number;
}

/** Fills an empty, migrated database. */
export async function fillDatabase(database: SqlDatabase, { people, events }: Size): Promise<void> {
  const { db } = database;
  const isSqlite =
    'introspection' in db && db.getExecutor().adapter.constructor.name.includes('Sqlite');
  const run = async (text: (from: number, to: number) => RawBuilder<unknown>, count: number) => {
    for (let from = 1; from <= count; from += batch) {
      await text(from, Math.min(count, from + batch - 1)).execute(db);
    }
  };
  if (isSqlite) await sql`pragma synchronous = off`.execute(db);
  const n = (from: number, to: number) =>
    isSqlite
      ? sql`with recursive series(n) as (select ${sql.lit(from)} union all
          select n + 1 from series where n < ${sql.lit(to)})`
      : sql`with series(n) as (select generate_series(${sql.lit(from)}::bigint,
          ${sql.lit(to)}::bigint))`;

  await sql`insert into tenants (id, name, is_mfa_required, required_since, grace_ends_at,
      grace_period_days)
    values ('acme', 'Acme', 1, ${start}, ${start}, 0)`.execute(db);
  await sql`update tenants set is_mfa_required = 1, required_since = ${sql.lit(benchNow - 5 * 86_400_000)},
    grace_ends_at = ${sql.lit(benchNow + 9 * 86_400_000)}, grace_period_days = 14
    where id = 'default'`.execute(db);

  await run(
    (from, to) => sql`insert into users (id, kind, username, username_key, display_name, email,
        tenant_id, is_disabled, session_epoch, created_at, must_enroll_at, search_text)
      ${n(from, to)}
      select ${userId}, ${kind}, ${username}, ${username}, ${displayName}, ${email},
        case when n % 100 = 99 then 'acme' else 'default' end,
        case when ${hash} % 33 = 0 then 1 else 0 end, 0,
        ${start} - n * 1000,
        case when ${hash3} % 50 = 0 then ${now} - 1000 end,
        ${username} || ${newline} || lower(${displayName}) || ${newline} || ${email}
      from series`,
    people,
  );
  for (const [name, when] of groups) {
    await run(
      (from, to) => sql`insert into user_groups (user_id, group_name) ${n(from, to)}
        select ${userId}, ${sql.lit(name)} from series where ${when}`,
      people,
    );
  }
  await run(
    (from, to) => sql`insert into authenticators (id, user_id, method, name, sealed_credential,
        last_step, created_at)
      ${n(from, to)} select 'ath_t' || n, ${userId}, 'totp', 'phone', ${'s'.repeat(120)}, 0, 0
      from series where ${hash2} % 100 < 92`,
    people,
  );
  await run(
    (from, to) => sql`insert into authenticators (id, user_id, method, name, sealed_credential,
        last_step, created_at, credential_id)
      ${n(from, to)} select 'ath_w' || n, ${userId}, 'webauthn', 'key', ${'s'.repeat(300)}, 0, 0,
        'credential-' || n
      from series where ${hash3} % 4 = 0`,
    people,
  );
  for (let code = 0; code < 10; code += 1) {
    await run(
      (from, to) => sql`insert into recovery_codes (user_id, code_hash, is_confirmed, created_at,
          used_at)
        ${n(from, to)} select ${userId}, 'hash-' || ${sql.lit(code)} || '-' || n, 1, 0,
          case when ${hash} % 20 = ${sql.lit(code)} then 1 end
        from series where ${hash2} % 100 < 91`,
      people,
    );
  }
  await run(
    (from, to) => sql`insert into attempts (user_id, failures, failures_in_a_row,
        window_started_at, locked_until)
      ${n(from, to)} select ${userId}, 5, 5, ${now} - 1000,
        case when ${hash} % 300 = 0 then ${now} + 600000 end
      from series where ${hash} % 50 = 0`,
    people,
  );
  await run(
    (from, to) => sql`insert into sessions (session_key, lineage, user_id, session_epoch, proofs,
        created_at, last_seen_at, ip, user_agent)
      ${n(from, to)} select 'session-' || ${hash}, 'session-' || ${hash}, ${userId}, 0,
        '[{"method":"password","at":1,"origin":"answer"}]', ${now} - 7200000,
        ${now} - ${hash} % 1700000, '192.0.2.7', 'Firefox'
      from series where ${hash3} % 4 = 1`,
    people,
  );
  await sql`update users set group_list =
      (select ${separator} || string_agg(group_name, ${separator}) || ${separator}
        from user_groups where user_groups.user_id = users.id)`.execute(db);
  await sql`update users set factors =
      (case when exists (select 1 from authenticators
        where authenticators.user_id = users.id and method = 'totp') then 1 else 0 end)
      + (case when exists (select 1 from authenticators
        where authenticators.user_id = users.id and method = 'webauthn') then 2 else 0 end)
      + (case when exists (select 1 from recovery_codes where recovery_codes.user_id = users.id
        and is_confirmed = 1 and used_at is null) then 4 else 0 end)`.execute(db);
  await fillEvents({ people, events });
  if (isSqlite) await sql`pragma synchronous = full`.execute(db);
  // PostgreSQL does so by itself; nobody does on SQLite.
  if (!isSqlite) await sql`vacuum analyze`.execute(db);

  async function fillEvents({ people, events }: Size): Promise<void> {
    const who = sql`(${hash} % ${sql.lit(people)} + 1)`;
    const at = sql`(${start} + n * ${sql.lit(Math.max(1, Math.floor(quarter / events)))})`;
    await run(
      (from, to) => sql`insert into audit_events (seq, id, at, type, severity, actor, subject,
          tenant_id, ip, user_agent, session_key, request_id, details, previous_hash, hash)
        ${n(from, to)}
        select n, 'evt_' || n, ${at},
          case when n % 100000 = 77 then 'reset.executed'
            when ${hash} % 100 < 45 then 'session.signed-in'
            when ${hash} % 100 < 70 then 'session.password-accepted'
            when ${hash} % 100 < 85 then 'request.denied'
            when ${hash} % 100 < 92 then 'session.stepped-up'
            when ${hash} % 100 < 97 then 'session.sign-in-failed'
            else 'second-factor.failed' end,
          case when n % 100000 = 77 then 'high' when ${hash} % 100 < 70 then 'info'
            when ${hash} % 100 < 97 then 'notice' else 'warning' end,
          case when ${hash} % 100 in (70, 71, 72) then 'anonymous' else 'user' || ${who} end,
          case when ${hash} % 100 in (70, 71, 72) then null else 'usr_' || ${who} end,
          case when n % 100 = 99 then 'acme' else 'default' end,
          case when ${hash} % 100 < 30 then '198.51.100.1' else
            '10.' || (${hash} % 40) || '.' || (${hash} % 251) || '.' || (${hash} % 13) end,
          'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
          'session-' || (${hash} % 3000000), 'req_' || n,
          '{"door":"proxy","method":"GET","host":"wiki.example.com","path":"/pages/start","route":"wiki","rule":"wiki#1","reason":"principal-not-admitted"}',
          ${'0'.repeat(64)}, ${'1'.repeat(64)}
        from series`,
      events,
    );
    await sql`update audit_head set last_seq = ${events}, last_hash = ${'1'.repeat(64)}`.execute(
      db,
    );
    await run(
      (from, to) => sql`insert into refusal_counts (tenant_id, hour, reason, refusals)
        ${n(from, to)} select 'default', ${start} + (n / 12) * 3600000,
          'reason-' || (n % 12), n % 977
        from series`,
      90 * 24 * 12,
    );
  }
}

// Knuth's multiplicative hash: neighbours have nothing in common, nor do two of these.
const hash = sql`((n * 2654435761) % 4294967296)`;
const hash2 = sql`((n * 2246822519 + 374761393) % 4294967296 / 65536)`;
const hash3 = sql`((n * 3266489917 + 668265263) % 4294967296 / 4096)`;
const now = sql.lit(benchNow);
const start = sql.lit(benchNow - quarter);
const newline = sql.lit('\n');
const separator = sql.lit('\u001f');
const userId = sql`'usr_' || n`;
const kind = sql`case when n % 1000 = 500 then 'service' else 'user' end`;

const firstNames = ['anna', 'ben', 'carla', 'deniz', 'emil', 'fatma', 'georg', 'hanna', 'ivo'];
const lastNames = ['meier', 'schmidt', 'yilmaz', 'novak', 'rossi', 'dubois', 'jensen', 'khan'];
const first = pick(firstNames, 7);
const last = pick(lastNames, 5);
const username = sql`${first} || '.' || ${last} || n`;
const displayName = sql`${first} || ' ' || ${last}`;
const email = sql`${first} || '.' || ${last} || n || '@example.com'`;

const groups: readonly (readonly [name: string, when: RawBuilder<unknown>])[] = [
  ['DOMAIN-ADMINS', sql`${hash} % 500 = 0`],
  ['OPERATIONS', sql`${hash} % 30 = 0`],
  ['STAFF', sql`${hash} % 10 < 8`],
  ['EVERYONE', sql`1 = 1`],
  ['WIKI', sql`${hash} % 3 = 0`],
];

/** One of the words, by the row's number. */
function pick(words: readonly string[], divisor: number): RawBuilder<string> {
  const cases = words.map((word, at) => sql`when ${sql.lit(at)} then ${sql.lit(word)}`);
  return sql<string>`case (${hash} / ${sql.lit(divisor)}) % ${sql.lit(words.length)}
    ${sql.join(cases, sql` `)} end`;
}
