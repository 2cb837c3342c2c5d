/** Where the API is, below the portal's base path. */

/** Every operation is below this. */
export const apiPath = '/api/v1';

/** Says whether a path below the base path is answered here: programs are given documents. */
export function isApiPath(path: string): boolean {
  return path === apiPath || path.startsWith(`${apiPath}/`);
}
