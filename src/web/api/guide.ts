/**
 * The API as a page for people who write programs: what the OpenAPI document says, set to be read.
 * Everything is taken from that document, so that the two cannot differ.
 */

import type { Json, JsonObject } from './openapi.ts';

/** A value that goes in or comes out. */
export interface GuideField {
  /** `proofing[].kind` for a member of a member. */
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string | null;
}

/** An answer. */
export interface GuideAnswer {
  readonly status: string;
  readonly description: string;
  readonly fields: readonly GuideField[];
}

/** A problem code, with the page that explains it. */
export interface GuideProblem {
  readonly status: string;
  readonly codes: readonly string[];
}

/** One operation. */
export interface GuideOperation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string | null;
  /** The security schemes that let a caller in, any one of them; empty: anybody. */
  readonly callers: readonly string[];
  /** What a role must allow; null: it is not of the administration. */
  readonly permission: string | null;
  readonly parameters: readonly GuideField[];
  readonly body: readonly GuideField[];
  readonly answers: readonly GuideAnswer[];
  readonly problems: readonly GuideProblem[];
  /** A body to begin with; null: there is none. */
  readonly example: string | null;
}

/** Operations that belong together. */
export interface GuideGroup {
  readonly tag: string;
  readonly operations: readonly GuideOperation[];
}

/** Sets a document to be read, in its own order. */
export function guideOf(document: JsonObject): readonly GuideGroup[] {
  const read = new Reader(document);
  const all = Object.entries(object(document['paths'])).flatMap(([path, methods]) =>
    Object.entries(object(methods)).map(([method, operation]) => ({
      tag: text(list(object(operation)['tags'])[0]),
      operation: read.operation(method.toUpperCase(), path, object(operation)),
    })),
  );
  return list(document['tags'])
    .map((tag) => text(object(tag)['name']))
    .map((tag) => ({
      tag,
      operations: all.filter((one) => one.tag === tag).map(({ operation }) => operation),
    }));
}

/** Deepest members that are listed one by one. */
const depthMax = 4;

class Reader {
  readonly #schemas: JsonObject;

  constructor(document: JsonObject) {
    this.#schemas = object(object(document['components'])['schemas']);
  }

  operation(method: string, path: string, operation: JsonObject): GuideOperation {
    const content = object(object(operation['requestBody'])['content']);
    const json = object(content['application/json']);
    const responses = Object.entries(object(operation['responses']));
    return {
      id: text(operation['operationId']),
      method,
      path,
      summary: text(operation['summary']),
      description: textOrNull(operation['description']),
      callers: list(operation['security']).flatMap((scheme) => Object.keys(object(scheme))),
      permission: textOrNull(operation['x-permission']),
      parameters: list(operation['parameters']).map((parameter) => this.#parameter(parameter)),
      body: json['schema'] === undefined ? [] : this.#fields(object(json['schema']), ''),
      answers: responses
        .filter(([status]) => status.startsWith('2'))
        .flatMap(([status, answer]) => this.#answersOf(status, object(answer))),
      problems: responses
        .filter(([status]) => !status.startsWith('2'))
        .map(([status, answer]) => ({ status, codes: codesOf(object(answer)) })),
      example: exampleIn(json),
    };
  }

  #parameter(parameter: Json): GuideField {
    const { name, required, description, schema } = object(parameter);
    return {
      name: text(name),
      type: this.#typeOf(object(schema)),
      isRequired: required === true,
      description: textOrNull(description),
    };
  }

  /** What is answered in one of several ways is told one way after the other. */
  #answersOf(status: string, answer: JsonObject): readonly GuideAnswer[] {
    const json = object(object(answer['content'])['application/json']);
    const schema = this.#resolved(object(json['schema']));
    const kinds = list(schema['anyOf']).map((kind) => this.#resolved(object(kind)));
    if (kinds.length === 0) {
      const description = text(answer['description']);
      return [{ status, description, fields: this.#fields(schema, '') }];
    }
    return kinds.map((kind) => ({
      status,
      description: textOrNull(kind['description']) ?? text(answer['description']),
      fields: this.#fields(kind, ''),
    }));
  }

  /** The members of an object, each with its own below it; of several kinds, those of all. */
  #fields(schema: JsonObject, within: string, depth = 0): readonly GuideField[] {
    const known = this.#resolved(schema);
    const kinds = list(known['anyOf']);
    if (kinds.length > 0 && known['properties'] === undefined) {
      return kinds.flatMap((kind) => this.#fields(object(kind), within, depth));
    }
    const required = list(known['required']);
    return Object.entries(object(known['properties'])).flatMap(([member, part]) => {
      const name = within + member;
      const field = {
        name,
        type: this.#typeOf(object(part)),
        isRequired: required.includes(member),
        description: textOrNull(object(part)['description']),
      };
      return depth === depthMax ? [field] : [field, ...this.#below(object(part), name, depth)];
    });
  }

  #below(schema: JsonObject, name: string, depth: number): readonly GuideField[] {
    const known = this.#resolved(schema);
    const parts = [known, ...list(known['anyOf']).map((part) => this.#resolved(object(part)))];
    return parts.flatMap((part) => {
      if (part['items'] !== undefined) {
        return this.#fields(object(part['items']), `${name}[].`, depth + 1);
      }
      return part['properties'] === undefined ? [] : this.#fields(part, `${name}.`, depth + 1);
    });
  }

  #typeOf(schema: JsonObject): string {
    const known = this.#resolved(schema);
    const { anyOf, enum: values, const: value, type, items, format } = known;
    if (anyOf !== undefined) {
      return [...new Set(list(anyOf).map((part) => this.#typeOf(object(part))))].join(' or ');
    }
    if (value !== undefined) return JSON.stringify(value);
    if (values !== undefined)
      return list(values)
        .map((one) => JSON.stringify(one))
        .join(' | ');
    if (Array.isArray(type)) return type.join(' or ');
    if (type === 'array') return `list of ${this.#typeOf(object(items))}`;
    if (format === 'date-time') return 'instant';
    return textOrNull(type) ?? 'value';
  }

  #resolved(schema: JsonObject): JsonObject {
    const { $ref } = schema;
    if (typeof $ref !== 'string') return schema;
    return object(this.#schemas[$ref.slice($ref.lastIndexOf('/') + 1)]);
  }
}

function codesOf(answer: JsonObject): readonly string[] {
  const problem = object(object(answer['content'])['application/problem+json']);
  return Object.keys(object(problem['examples']));
}

function exampleIn(json: JsonObject): string | null {
  const [first] = Object.values(object(json['examples']));
  return first === undefined ? null : JSON.stringify(object(first)['value'], null, 2);
}

function object(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : {};
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function text(value: Json | undefined): string {
  return textOrNull(value) ?? '';
}

function textOrNull(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
