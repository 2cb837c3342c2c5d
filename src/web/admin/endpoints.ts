/**
 * The pages of the administration, as data. A row is read left to right: where, what a role must
 * allow, what protects it, who answers. A path without a parameter stands before one with.
 */

import { admin, type Endpoint } from '../endpoint.ts';
import { showSettings } from './settings.ts';

// prettier-ignore
/** Every page of the administration, with the permission that it needs. */
export const adminEndpoints: readonly Endpoint[] = [
  //    method  path               permission csrf   handler
  admin('GET',  '/admin/settings', 'view',    'off', showSettings),
];
