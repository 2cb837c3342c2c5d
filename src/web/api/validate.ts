/** What a call brings along, against what its row asks for. Says everything that is wrong at once. */

import type { z } from 'zod';
import { type FieldFault, Problem } from '../../core/problem.ts';
import type { Operation } from './operation.ts';

/** Most faults that are told; whoever sends more sends noise. */
const faultsMax = 50;

/** Checks body and query. Throws the problem `validation-failed` with every fault. */
export function validated(
  operation: Pick<Operation, 'body' | 'query'>,
  sent: { readonly body: unknown; readonly query: string },
): { readonly body: unknown; readonly query: unknown } {
  const body = checkBody(operation.body, sent.body);
  const query = checkQuery(operation.query, sent.query);
  const faults = [...body.faults, ...query.faults];
  if (faults.length > 0) {
    throw new Problem('validation-failed', { members: { errors: faults.slice(0, faultsMax) } });
  }
  return { body: body.value, query: query.value };
}

interface Checked {
  readonly value: unknown;
  readonly faults: readonly FieldFault[];
}

function checkBody(schema: z.ZodType | null, sent: unknown): Checked {
  if (schema !== null) return check(schema, sent, '');
  const isNothing =
    sent === undefined ||
    (typeof sent === 'object' && sent !== null && Object.keys(sent).length === 0);
  const faults = isNothing ? [] : [{ pointer: '', detail: 'This call takes no body.' }];
  return { value: undefined, faults };
}

/** A parameter of the query is pointed to as if the query were an object: `#/query/limit`. */
const queryPointer = '/query';

function checkQuery(schema: z.ZodType | null, sent: string): Checked {
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  const faults: FieldFault[] = [];
  for (const pair of sent.replace(/^\?/, '').split('&')) {
    if (pair === '') continue;
    const [name = '', ...rest] = pair.split('=').map((part) => part.replaceAll('+', ' '));
    const decoded = decode(name);
    const value = decode(rest.join('='));
    if (decoded === null || value === null) {
      faults.push({ pointer: queryPointer, detail: 'A percent escape is broken.' });
    } else if (decoded in values) {
      faults.push({ pointer: pointerTo([decoded], queryPointer), detail: 'It is there twice.' });
    } else {
      values[decoded] = value;
    }
  }
  if (schema === null) {
    const unknown = Object.keys(values).map((name) => ({
      pointer: pointerTo([name], queryPointer),
      detail: 'This call does not know it.',
    }));
    return { value: undefined, faults: [...faults, ...unknown] };
  }
  const checked = check(schema, { ...values }, queryPointer);
  return { value: checked.value, faults: [...faults, ...checked.faults] };
}

function check(schema: z.ZodType, sent: unknown, below: string): Checked {
  const answer = schema.safeParse(sent);
  if (answer.success) return { value: answer.data, faults: [] };
  return {
    value: undefined,
    faults: answer.error.issues.flatMap((issue) => faultsOf(issue, below)),
  };
}

function faultsOf(issue: z.core.$ZodIssue, below: string): readonly FieldFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointerTo([...issue.path, key], below),
      detail: 'This call does not know it.',
    }));
  }
  return [{ pointer: pointerTo(issue.path, below), detail: sentenceOf(issue.message) }];
}

/** zod writes `Invalid input: expected string, received undefined`. */
function sentenceOf(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

/** RFC 6901 §3. */
function pointerTo(path: readonly PropertyKey[], below: string): string {
  const escaped = path.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1'));
  return [below, ...escaped].join('/');
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
