/**
 * What is sent twice is done once (draft-ietf-httpapi-idempotency-key-header; fault F42).
 *
 * A client that got no answer sends the same again under the same key and gets the answer that was
 * lost. The key is reserved before anything is done, so that of two that arrive together one waits
 * outside. Only what was done is kept: a refusal changed nothing and is judged anew.
 */

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Problem } from '../../core/problem.ts';
import { idempotencyRow } from '../../core/sealed-rows.ts';
import { addSeconds } from '../../core/time.ts';
import type { FlowContext } from '../../flows/flow-context.ts';
import type { ApiAnswer } from './operation.ts';

/** How long an answer is kept. */
export const idempotencySeconds = 24 * 3600;

/** Whoever has not answered within this was killed in the middle: the next one may try. */
const leaseSeconds = 120;

/** What a key is bound to. */
export interface RepeatableCall {
  /** Who calls: the id of their account. */
  readonly caller: string;
  readonly method: string;
  readonly target: string;
  readonly body: Buffer;
}

/** An answer, and whether it is the one that was given before. */
export interface Repeated {
  readonly answer: ApiAnswer;
  readonly isReplay: boolean;
}

/** The value of the header, or null without one. Throws for one that is none (RFC 8941 allows quotes). */
export function idempotencyKeyIn({ headers }: IncomingMessage): string | null {
  const sent = headers['idempotency-key'];
  if (sent === undefined) return null;
  const key = /^"?(?<key>[\x21\x23-\x7e]{8,200})"?$/.exec(String(sent))?.groups?.['key'];
  if (key !== undefined) return key;
  throw new Problem('invalid-request', {
    detail: 'Idempotency-Key is 8 to 200 printable characters without spaces.',
  });
}

/**
 * Does the work, or gives the answer that it had. Throws the problem `idempotency-conflict` when
 * the key belongs to another call, or to one that is still under way.
 *
 * Security: kept under a hash that holds the caller, so that nobody is given another's answer, and
 * sealed, because answers hold links and keys that are shown once.
 */
export async function repeatable(
  ctx: Pick<FlowContext, 'stores' | 'sealer' | 'clock' | 'log'>,
  key: string,
  call: RepeatableCall,
  work: () => Promise<ApiAnswer>,
): Promise<Repeated> {
  const { idempotency } = ctx.stores;
  const name = hashOf(call.caller, key);
  const row = idempotencyRow(name);
  const now = ctx.clock.now();
  const record = await idempotency.begin({
    key: name,
    // No call of these takes a password or a code, which a bare hash would leave open to guessing.
    fingerprint: hashOf(call.method, call.target, call.body),
    now,
    expiresAt: addSeconds(now, leaseSeconds),
  });
  switch (record.state) {
    case 'other-request':
      throw new Problem('idempotency-conflict', {
        detail: 'This key was used for another request. Take a new one.',
      });
    case 'running':
      throw new Problem('idempotency-conflict', {
        detail: 'The request of this key is still under way.',
        retryAfterSeconds: 1,
      });
    case 'done': {
      const body = JSON.parse(ctx.sealer.unseal(record.sealedBody, row).toString()) as object;
      return { answer: { status: record.status, body }, isReplay: true };
    }
    case 'new':
      break;
  }

  let answer: ApiAnswer;
  try {
    answer = await work();
  } catch (error) {
    // What went wrong first is what the caller must hear of.
    await idempotency.release(name).catch((failure: unknown) => {
      ctx.log.warn({ err: failure }, 'an idempotency key could not be released');
    });
    throw error;
  }
  const sealedBody = ctx.sealer.seal(JSON.stringify(answer.body), row);
  // It is done; that its answer cannot be kept must not look as if it were not.
  const expiresAt = addSeconds(now, idempotencySeconds);
  await idempotency
    .finish(name, { status: answer.status, sealedBody, expiresAt })
    .catch((error: unknown) => {
      ctx.log.warn({ err: error }, 'the answer of an idempotency key could not be kept');
    });
  return { answer, isReplay: false };
}

function hashOf(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${String(Buffer.byteLength(part))}:`).update(part);
  return hash.digest('hex');
}
