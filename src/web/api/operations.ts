/**
 * The table of the API. The document at `{portal}/api/openapi.json` is written from it.
 *
 * A row with GET answers HEAD too; any other method on a known path is refused with `Allow`.
 */

import { auditOperations } from './admin/audit-events.ts';
import { explainOperations } from './admin/explain.ts';
import { resetOperations } from './admin/resets.ts';
import { sessionOperations } from './admin/sessions.ts';
import { tenantOperations } from './admin/tenants.ts';
import { userOperations } from './admin/users.ts';
import { authOperations } from './auth/operations.ts';
import { apiKeyOperations } from './keys/operations.ts';
import { mfaOperations } from './mfa/operations.ts';
import type { Operation } from './operation.ts';

/** Every operation. */
export const operations: readonly Operation[] = [
  ...authOperations,
  ...mfaOperations,
  ...tenantOperations,
  ...userOperations,
  ...resetOperations,
  ...sessionOperations,
  ...auditOperations,
  ...apiKeyOperations,
  ...explainOperations,
];

/** What the table says about a path. */
export type OperationMatch =
  | {
      readonly kind: 'operation';
      readonly operation: Operation;
      readonly parameters: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'other-method'; readonly allowed: readonly string[] }
  | { readonly kind: 'none' };

/** Finds the operation for a method and a path below `{portal}/api/v1`. */
export function matchOperation(method: string, path: string): OperationMatch {
  const here = operations.flatMap((operation) => {
    const parameters = parametersIn(operation.path, path);
    return parameters === null ? [] : [{ operation, parameters }];
  });
  const asked = method === 'HEAD' ? 'GET' : method;
  const found = here.find(({ operation }) => operation.method === asked);
  if (found !== undefined) return { kind: 'operation', ...found };
  if (here.length === 0) return { kind: 'none' };
  const methods = here.map(({ operation }) => operation.method as string);
  return {
    kind: 'other-method',
    allowed: methods.includes('GET') ? ['HEAD', ...methods] : methods,
  };
}

/** What stands for the names of a pattern, or null when it does not match. */
function parametersIn(pattern: string, path: string): Readonly<Record<string, string>> | null {
  const [wanted, segments] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== segments.length) return null;
  const parameters: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const segment = segments[at] ?? '';
    const name = /^\{(?<name>\w+)\}$/.exec(part)?.groups?.['name'];
    if (name === undefined) {
      if (part !== segment) return null;
    } else {
      if (segment === '') return null;
      parameters[name] = segment;
    }
  }
  return parameters;
}
