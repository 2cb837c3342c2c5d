/**
 * One operation of the API as data: where it is, who may call it, what goes in and what comes out.
 *
 * The door enforces what stands here, the OpenAPI document is written from it, and tests can say
 * "for all". Handlers see values that were checked already.
 */

import assert from 'node:assert/strict';
import type { z } from 'zod';
import type { Config } from '../../config/config.ts';
import type { RequestFacts, SessionFacts } from '../../core/facts.ts';
import type { AdminPermission } from '../../core/policy/administration.ts';
import type { ProblemCode } from '../../core/problem.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Administrator } from '../../flows/admin/administrator.ts';
import type { NewSession, Visit } from '../../flows/flow-context.ts';
import type { IssuedToken } from '../../flows/tokens/issue-token.ts';
import type { PortalParts } from '../exchange.ts';

/**
 * Who may call it.
 *
 * - `anyone`: whoever; nobody is looked up.
 * - `enroller`: whoever must or may enroll: an enrollment token, or a person as below.
 * - `person`: somebody who has proved a second factor where they have one.
 * - a permission: whom the route to the administration lets pass, and whose roles allow this.
 */
export type CallWho = 'anyone' | 'enroller' | 'person' | AdminPermission;

/** A body or a query: what is checked before the handler is asked. */
type Schema = z.ZodType;

/** What may be answered under a status. */
export interface AnswerSpec<Body extends Schema = Schema> {
  readonly description: string;
  readonly body: Body;
  readonly examples?: Readonly<Record<string, z.input<Body>>>;
}

/** Answers by status. */
export type AnswerSpecs = Readonly<Record<number, AnswerSpec>>;

/** What a handler is given. */
export interface ApiCall<
  Body = unknown,
  Query = unknown,
  Session extends SessionFacts | null = SessionFacts | null,
> {
  readonly parts: PortalParts;
  readonly config: Config;
  readonly request: RequestFacts;
  readonly now: EpochMs;
  readonly visit: Visit;
  readonly session: Session;
  /** What stands for the `{names}` of the path. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly body: Body;
  readonly query: Query;
  /** Gives the caller what they have risen to: another session, or another token. */
  readonly rise: (next: NewSession) => Promise<Risen>;
}

/** What somebody has after a rise. */
export interface Risen {
  readonly session: SessionFacts;
  /** The token of a caller who came with one; null: a browser has another cookie. */
  readonly issued: IssuedToken | null;
}

/** A token as it is answered (RFC 6749 §5.1). */
export interface TokenAnswer {
  readonly token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
}

/** What a handler answers: a status that the row names, with the body of that status. */
export type ApiAnswer<Answers extends AnswerSpecs = AnswerSpecs> = {
  readonly [Status in keyof Answers & number]: {
    readonly status: Status;
    readonly body: DeepReadonly<z.input<Answers[Status]['body']>>;
    readonly headers?: Readonly<Record<string, string>>;
  };
}[keyof Answers & number];

/** An answer with its types kept as narrow as it is written. */
export function reply<const Status extends number, const Body extends object>(
  status: Status,
  body: Body,
  headers: Readonly<Record<string, string>> = {},
) {
  return { status, body, headers };
}

type DeepReadonly<Value> = Value extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
    : Value;

/** One row of the table. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Below `{portal}/api/v1`; `{name}` stands for one segment. */
  readonly path: string;
  /** `operationId`: a verb phrase in camelCase, unique. */
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string | null;
  readonly who: CallWho;
  /** `code` where something is guessed at; else `page`. */
  readonly limit: 'page' | 'code';
  /** Null: there is none, and what is sent must be empty. */
  readonly body: Schema | null;
  readonly query: z.ZodObject | null;
  readonly answers: AnswerSpecs;
  /** Codes that this operation may answer with beside those that every one may. */
  readonly problems: readonly ProblemCode[];
  /** Takes an `Idempotency-Key`, so that what is sent twice is done once. */
  readonly isRepeatable: boolean;
  readonly examples: Readonly<Record<string, unknown>>;
  answer(call: ApiCall): Promise<ApiAnswer>;
}

interface Written<
  Body extends Schema | undefined,
  Query extends z.ZodObject | undefined,
  Answers extends AnswerSpecs,
> {
  readonly method: Operation['method'];
  readonly path: string;
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly limit?: Operation['limit'];
  readonly body?: Body;
  readonly query?: Query;
  readonly answers: Answers;
  readonly problems?: readonly ProblemCode[];
  /** By default every operation of the administration that changes something. */
  readonly isRepeatable?: boolean;
  /** Bodies for the document, by name. */
  readonly examples?: Readonly<Record<string, z.input<Body extends Schema ? Body : z.ZodNever>>>;
}

type OutputOf<S> = S extends Schema ? z.output<S> : undefined;

/** A row that nobody need be known for. */
export function forAnyone<
  Body extends Schema | undefined,
  Query extends z.ZodObject | undefined,
  const Answers extends AnswerSpecs,
>(
  written: Written<Body, Query, Answers> & {
    answer(call: ApiCall<OutputOf<Body>, OutputOf<Query>>): Promise<ApiAnswer<NoInfer<Answers>>>;
  },
): Operation {
  return operation('anyone', written, (call) =>
    written.answer(call as ApiCall<OutputOf<Body>, OutputOf<Query>>),
  );
}

/** A row for somebody about themselves. */
export function forPerson<
  Body extends Schema | undefined,
  Query extends z.ZodObject | undefined,
  const Answers extends AnswerSpecs,
>(
  who: 'enroller' | 'person',
  written: Written<Body, Query, Answers> & {
    answer(
      call: ApiCall<OutputOf<Body>, OutputOf<Query>, SessionFacts>,
    ): Promise<ApiAnswer<NoInfer<Answers>>>;
  },
): Operation {
  return operation(who, written, (call) => {
    const { session } = call;
    assert.ok(session !== null, 'the door lets nobody in who is not known');
    return written.answer({ ...call, session } as ApiCall<
      OutputOf<Body>,
      OutputOf<Query>,
      SessionFacts
    >);
  });
}

/** What a handler of the administration is given. */
export type AdminCall<Body = unknown, Query = unknown> = ApiCall<Body, Query, SessionFacts> & {
  /** For the flows of the administration. */
  readonly admin: Administrator;
};

/** A row of the administration: from its network, for whoever may do this, freshly proved. */
export function forAdministrator<
  Body extends Schema | undefined,
  Query extends z.ZodObject | undefined,
  const Answers extends AnswerSpecs,
>(
  permission: AdminPermission,
  written: Written<Body, Query, Answers> & {
    answer(call: AdminCall<OutputOf<Body>, OutputOf<Query>>): Promise<ApiAnswer<NoInfer<Answers>>>;
  },
): Operation {
  return operation(permission, written, (call) => {
    const { session, visit } = call;
    assert.ok(session !== null, 'the door lets nobody in who is not known');
    const admin = { session, visit };
    return written.answer({ ...call, session, admin } as AdminCall<
      OutputOf<Body>,
      OutputOf<Query>
    >);
  });
}

function operation(
  who: CallWho,
  written: Written<Schema | undefined, z.ZodObject | undefined, AnswerSpecs>,
  answer: Operation['answer'],
): Operation {
  const { method } = written;
  return {
    method,
    path: written.path,
    id: written.id,
    tag: written.tag,
    summary: written.summary,
    description: written.description ?? null,
    who,
    limit: written.limit ?? 'page',
    body: written.body ?? null,
    query: written.query ?? null,
    answers: written.answers,
    problems: written.problems ?? [],
    isRepeatable: written.isRepeatable ?? (isOfAdministration(who) && method !== 'GET'),
    examples: written.examples ?? {},
    answer,
  };
}

/** Says whether an operation is of the administration. */
export function isOfAdministration(who: CallWho): who is AdminPermission {
  return who !== 'anyone' && who !== 'enroller' && who !== 'person';
}
