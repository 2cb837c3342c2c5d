/** The office of `reset-office.ts` at its programs: a token for each role, and a second tenant. */

import assert from 'node:assert/strict';
import type { UserId } from '../../src/core/ids.ts';
import { createTenant } from '../../src/flows/admin/tenants.ts';
import { createUser } from '../../src/flows/admin/users.ts';
import { operations } from '../../src/web/api/operations.ts';
import { type ApiCallOptions, type ApiPerson, type ApiReply, callApi } from './api-client.ts';
import { enrollOverApi, freshToken } from './api-client.ts';
import { officePolicy } from './reset-office.ts';
import { type PortalDifferences, startPortal, type TestPortal } from './start-portal.ts';

const password = 'wintry-lantern-94-otter';

/** Who is there, their groups, and their tenant. */
const people = {
  olga: { groups: ['ADMINS'], tenant: 'default' },
  mia: { groups: ['MANAGERS'], tenant: 'default' },
  sven: { groups: ['SECURITY-OWNERS'], tenant: 'default' },
  ed: { groups: ['EXECUTORS'], tenant: 'default' },
  aude: { groups: ['AUDITORS'], tenant: 'default' },
  tim: { groups: ['TIER2'], tenant: 'default' },
  zoe: { groups: ['ADMINS', 'EXECUTORS', 'MANAGERS'], tenant: 'acme' },
  zack: { groups: ['TIER2'], tenant: 'acme' },
} as const;

/** Somebody there. */
export type OfficePerson = keyof typeof people;

/** The office, open. */
export interface ApiOffice {
  readonly portal: TestPortal;
  /** Calls as somebody, or (null) as nobody. */
  call(as: OfficePerson | null, what: string, options?: ApiCallOptions): Promise<ApiReply>;
  idOf(person: OfficePerson): UserId;
  /** New tokens for everybody, with both factors proved within these minutes. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/** Opens it: everybody has an app and a token that was just obtained by it. */
export async function openApiOffice(differences: PortalDifferences = {}): Promise<ApiOffice> {
  const portal = await startPortal({ policy: officePolicy(), ...differences });
  const { flows, clock } = portal;
  const made = await createTenant(flows, { name: 'acme' });
  assert.ok(made.ok);
  const names = Object.keys(people) as OfficePerson[];
  const ids = new Map<OfficePerson, UserId>();
  const enrolled = new Map<OfficePerson, ApiPerson>();
  for (const username of names) {
    const { groups, tenant } = people[username];
    const answer = await createUser(flows, { username, password, groups, tenant });
    assert.ok(answer.ok, JSON.stringify(answer));
    ids.set(username, answer.user.id);
    const person = await enrollOverApi(portal.visitor(), clock, { username, password });
    enrolled.set(username, person);
  }
  const tokens = new Map<OfficePerson, string>();
  const refresh = async (): Promise<void> => {
    for (const [name, person] of enrolled) {
      tokens.set(name, await freshToken(portal.visitor(), clock, person));
    }
  };
  await refresh();
  return {
    portal,
    refresh,
    call: async (as, what, options = {}) => {
      const token = as === null ? undefined : tokens.get(as);
      return callApi(portal.visitor(), what, {
        ...(token !== undefined && { token }),
        ...options,
      });
    },
    idOf: (person) => {
      const id = ids.get(person);
      assert.ok(id !== undefined);
      return id;
    },
    close: () => portal.stop(),
  };
}

/** The row of an operation by its id. */
export function operationNamed(id: string) {
  const found = operations.find((operation) => operation.id === id);
  assert.ok(found !== undefined, `there is no operation ${id}`);
  return found;
}
