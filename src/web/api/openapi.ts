/**
 * The OpenAPI 3.1 document, written from the table and its schemas: there is nothing in it that the
 * door does not do, and nothing that the door does is missing.
 */

import { z } from 'zod';
import type { Config } from '../../config/config.ts';
import { ownCookies } from '../../core/cookie-names.ts';
import { type ProblemCode, problemTypes } from '../../core/problem.ts';
import { apiPath } from './api-path.ts';
import { isOfAdministration, type Operation } from './operation.ts';
import { problemsOf } from './problems.ts';

/** JSON, as the document is made of it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** An object of it. */
export interface JsonObject {
  readonly [member: string]: Json;
}

/** What is told in front of everything. */
const description = `Everything that the pages do, for programs: signing in, the second step, and administration.

Callers identify themselves by \`Authorization: Bearer <token>\`, or by the session cookie of a browser, never by both. \
Administration is open from the administration network alone, to people whose roles allow it, with two factors; \
what changes something asks for proofs that are minutes old, so that its callers sign in anew with a code right before.

Errors are \`application/problem+json\` (RFC 9457); the member \`code\` never changes its meaning. Bodies are JSON in UTF-8 of \
at most 64 KiB; members that a call does not know are refused.`;

/** Writes the document of this installation. */
export function openApiDocument(
  operations: readonly Operation[],
  { portal }: Pick<Config, 'portal'>,
): JsonObject {
  const components = new Components();
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of operations) {
    paths[operation.path] ??= {};
    Object.assign(paths[operation.path] ?? {}, {
      [operation.method.toLowerCase()]: operationObject(operation, components),
    });
  }
  return {
    openapi: '3.1.1',
    info: {
      title: `${portal.issuer}: Sallyport API`,
      version: '1.0.0',
      summary: 'The second step for consoles and model servers, over HTTP.',
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [{ url: portal.url + apiPath }],
    tags: tagsOf(operations).map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: securitySchemes(portal),
      schemas: { ...components.schemas, Problem: problemSchema },
      examples: components.problemExamples(portal),
    },
  };
}

/** The tags in the order of the table. */
export function tagsOf(operations: readonly Operation[]): readonly string[] {
  return [...new Set(operations.map(({ tag }) => tag))];
}

function operationObject(operation: Operation, components: Components): JsonObject {
  const { id, tag, summary, description: told, body, query, answers } = operation;
  const parameters = [
    ...pathParameters(operation),
    ...(query === null ? [] : queryParameters(query, components)),
    ...(operation.isRepeatable ? [idempotencyKey] : []),
  ];
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(told !== null && { description: told }),
    security: securityOf(operation),
    ...(isOfAdministration(operation.who) && { 'x-permission': operation.who }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== null && {
      requestBody: {
        required: true,
        content: { 'application/json': bodyContent(operation, body, components) },
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [
          status,
          {
            description: answer.description,
            content: {
              'application/json': { schema: components.schemaOf(answer.body, 'output') },
            },
          },
        ]),
      ),
      ...problemResponses(operation, components),
    },
  };
}

function bodyContent({ examples }: Operation, body: z.ZodType, components: Components): JsonObject {
  const named = Object.entries(examples).map(([name, value]) => [name, { value: value as Json }]);
  return {
    schema: components.schemaOf(body, 'input'),
    ...(named.length > 0 && { examples: Object.fromEntries(named) as JsonObject }),
  };
}

function pathParameters({ path }: Operation): readonly JsonObject[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(query: z.ZodObject, components: Components): readonly JsonObject[] {
  return Object.entries(query.shape).map(([name, schema]) => {
    const written = components.schemaOf(schema as z.ZodType, 'input');
    const { description: told, ...plain } = written;
    return {
      name,
      in: 'query',
      required: !(schema as z.ZodType).safeParse(undefined).success,
      ...(told !== undefined && { description: told }),
      schema: plain,
    };
  });
}

const idempotencyKey: JsonObject = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'What is sent again under the same key within a day is not done again, and is answered as ' +
    'the first time. 8 to 200 printable characters.',
  schema: { type: 'string', minLength: 8, maxLength: 200 },
};

function securityOf({ who }: Operation): Json {
  if (who === 'anyone') return [];
  const known = [{ accessToken: [] }, { session: [] }];
  return who === 'enroller' ? [{ enrollmentToken: [] }, ...known] : known;
}

function securitySchemes(portal: Config['portal']): JsonObject {
  return {
    accessToken: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT (RFC 9068)',
      description: '`token` of POST /auth/login, /auth/mfa, /mfa/verify.',
    },
    enrollmentToken: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: '`enrollment_token` of an `enrollment-required`: good for enrolling alone.',
    },
    session: {
      type: 'apiKey',
      in: 'cookie',
      name: ownCookies(portal).session,
      description:
        'The session of a browser. What changes something is taken from our own pages alone.',
    },
  };
}

function problemResponses(operation: Operation, components: Components): JsonObject {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of problemsOf(operation)) {
    const { status } = problemTypes[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
    components.usesProblem(code);
  }
  const responses = [...byStatus].map(([status, codes]) => [
    String(status),
    {
      description: codes.map((code) => `\`${code}\`: ${problemTypes[code].title}`).join(' '),
      ...headersOf(status),
      content: {
        'application/problem+json': {
          schema: {
            allOf: [
              { $ref: '#/components/schemas/Problem' },
              { properties: { status: { const: status }, code: { enum: codes } } },
            ],
          },
          examples: Object.fromEntries(
            codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
          ),
        },
      },
    },
  ]);
  return Object.fromEntries(responses) as JsonObject;
}

function headersOf(status: number): { readonly headers?: JsonObject } {
  const text = { schema: { type: 'string' } };
  if (status === 401) return { headers: { 'WWW-Authenticate': { ...text, required: true } } };
  if (status === 429 || status === 503) {
    return { headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } } };
  }
  return {};
}

const problemSchema: JsonObject = {
  type: 'object',
  description: 'Why it was not done (RFC 9457).',
  required: ['type', 'title', 'status', 'instance', 'code'],
  properties: {
    type: { type: 'string', format: 'uri', description: 'A page that explains the code.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What happened this time, and what to do next.' },
    instance: { type: 'string', description: 'Names this request in logs and audit events.' },
    code: { type: 'string', description: 'What programs decide by.' },
    retry_after_seconds: { type: 'integer' },
    errors: {
      type: 'array',
      description: 'With `validation-failed`: everything that is wrong.',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: {
            type: 'string',
            description: 'JSON Pointer into the body; below /query: a parameter of the query.',
          },
          detail: { type: 'string' },
        },
      },
    },
    attempts_left: { type: 'integer', description: 'Codes that may still be wrong.' },
    missing: { type: 'array', items: { type: 'string' }, description: 'What must be enrolled.' },
    enrollment_token: { type: 'string', description: 'Good for enrolling what is missing.' },
    expires_in: { type: 'integer', description: 'Seconds until that token ends.' },
    sign_in_url: { type: 'string', format: 'uri' },
    challenge_url: { type: 'string', format: 'uri' },
    step_up_url: { type: 'string', format: 'uri' },
    enroll_url: { type: 'string', format: 'uri' },
  },
};

/** What operations share: schemas that have a name, and problems. */
class Components {
  readonly schemas: Record<string, JsonObject> = {};
  readonly #problems = new Set<ProblemCode>();

  /** A schema; what has a name within it becomes a component. */
  schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
    const {
      $schema: _,
      $defs,
      ...written
    } = z.toJSONSchema(schema, {
      io,
      target: 'draft-2020-12',
      unrepresentable: 'throw',
    }) as Record<string, Json>;
    for (const [name, part] of Object.entries(($defs ?? {}) as JsonObject)) {
      this.schemas[name] = pointed(withoutId(part as JsonObject)) as JsonObject;
    }
    const { id } = written;
    if (typeof id !== 'string') return pointed(written) as JsonObject;
    this.schemas[id] = pointed(withoutId(written)) as JsonObject;
    return { $ref: `#/components/schemas/${id}` };
  }

  usesProblem(code: ProblemCode): void {
    this.#problems.add(code);
  }

  problemExamples(portal: { readonly url: string }): JsonObject {
    const example = (code: ProblemCode): JsonObject => ({
      value: {
        type: `${portal.url}/problems/${code}`,
        title: problemTypes[code].title,
        status: problemTypes[code].status,
        instance: 'urn:sallyport:request:req_3q2-7wEjRWeJq83v',
        code,
      },
    });
    return Object.fromEntries([...this.#problems].map((code) => [code, example(code)]));
  }
}

function withoutId(schema: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== 'id'));
}

/** zod keeps what has a name in the document of one schema; here they are in one place for all. */
function pointed(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => pointed(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inside]: [string, Json]): [string, Json] =>
    name === '$ref' && typeof inside === 'string'
      ? [name, inside.replace('#/$defs/', '#/components/schemas/')]
      : [name, pointed(inside)],
  );
  return Object.fromEntries(entries);
}
