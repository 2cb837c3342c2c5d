/**
 * The pool of PostgreSQL connections, with a limit on every wait and errors told apart.
 *
 * A connection on which a query ended without the server's answer is thrown away: what it would
 * say next belongs to nobody.
 */

import { Pool, TypeOverrides, type PoolClient } from 'pg';
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';

import { isPostgresAnswer, postgresError } from './driver-errors.ts';

const answerMs = 1500;

// Instants and counts are 64 bits wide there and exact in a double here.
const int8 = 20;
const parsers = new TypeOverrides();
parsers.setTypeParser(int8, Number);

/** Opens a pool for Kysely; `statements: 'unlimited'` is for migrations. */
export function openPostgresPool(
  url: string,
  options: { readonly connectionsMax: number; readonly statements: 'bounded' | 'unlimited' },
): PostgresPool {
  const isBounded = options.statements === 'bounded';
  const pool = new Pool({
    connectionString: url,
    application_name: 'sallyport',
    max: options.connectionsMax,
    connectionTimeoutMillis: answerMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    allowExitOnIdle: false,
    // The server gives up first and says so; the client gives up on a server that says nothing.
    statement_timeout: isBounded ? answerMs : false,
    lock_timeout: isBounded ? answerMs : 0,
    idle_in_transaction_session_timeout: 10_000,
    ...(isBounded ? { query_timeout: answerMs + 250 } : {}),
    types: parsers,
  });
  // A connection may break while idle (the pool replaces it) or between two statements of a
  // transaction (the next one fails). Without listeners either would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return {
    options: pool.options,
    async connect() {
      try {
        return guarded(await pool.connect());
      } catch (error) {
        throw postgresError(error);
      }
    },
    end: () => pool.end(),
  };
}

function guarded(client: PoolClient): PostgresPoolClient {
  let isBroken = false;
  async function query<Row>(
    sql: string,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> {
    try {
      const result = await client.query(sql, [...parameters]);
      return result as unknown as PostgresQueryResult<Row>;
    } catch (error) {
      if (!isPostgresAnswer(error)) isBroken = true;
      throw postgresError(error);
    }
  }
  return {
    query: query as PostgresPoolClient['query'],
    release: (discard?: boolean) => {
      client.release(discard === true || isBroken);
    },
  };
}
