/**
 * What may stand in a person's record. Names and groups travel to upstreams as HTTP header values,
 * groups in a list with commas; whatever could be read as something else there is refused here.
 */

import { isEvidenceTenant } from '../../core/evidence-tenant.ts';
import type { TenantId } from '../../core/ids.ts';

/** Why a record is not taken, in a sentence for the operator. */
export interface RecordRefusal {
  readonly reason:
    | 'invalid-username'
    | 'invalid-group'
    | 'invalid-display-name'
    | 'invalid-email'
    | 'invalid-tenant';
  readonly sentence: string;
}

/** The editable part of a record. */
export interface UserRecord {
  readonly username: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly groups: readonly string[];
  readonly tenant: string;
}

/** Names that stand for something else in audit events. */
const reservedNames = ['cli', 'system', 'unknown', 'anonymous'];

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/;

/** Says what is wrong with a record, or null when nothing is. */
export function recordRefusal(record: UserRecord): RecordRefusal | null {
  const { username, displayName, email, groups, tenant } = record;
  if (!namePattern.test(username)) {
    return {
      reason: 'invalid-username',
      sentence:
        'A username has 1 to 64 letters, digits and the marks . _ - @ +, and begins with a letter or digit.',
    };
  }
  if (reservedNames.includes(username.toLowerCase())) {
    return {
      reason: 'invalid-username',
      sentence: `The username ${username} stands for something else in the audit log. Choose another.`,
    };
  }
  const displayNameFault = displayNameRefusal(displayName);
  if (displayNameFault !== null) return displayNameFault;
  return emailRefusal(email) ?? tenantRefusal(tenant) ?? groupsRefusal(groups);
}

/** Says what is wrong with an e-mail address, or null when nothing is, or there is none. */
export function emailRefusal(
  email: string | null,
): (RecordRefusal & { readonly reason: 'invalid-email' }) | null {
  // Printable ASCII around exactly one @: two of them have been read as another address elsewhere.
  if (email === null) return null;
  if (email.length <= 254 && /^[!-?A-~]+@[!-?A-~]+$/.test(email)) return null;
  return {
    reason: 'invalid-email',
    sentence: 'An e-mail address has exactly one @, no blanks, and at most 254 ASCII characters.',
  };
}

/** Says what is wrong with a name to show, or null when nothing is. */
export function displayNameRefusal(
  displayName: string,
): (RecordRefusal & { readonly reason: 'invalid-display-name' }) | null {
  const isPrintable = /^[^\p{C}\p{Zl}\p{Zp}]{1,100}$/u.test(displayName);
  if (isPrintable && displayName.trim() !== '') return null;
  return {
    reason: 'invalid-display-name',
    sentence: 'A display name has 1 to 100 printable characters.',
  };
}

/** Says what is wrong with the name of a tenant, or null when nothing is. */
export function tenantRefusal(
  tenant: string,
): (RecordRefusal & { readonly reason: 'invalid-tenant' }) | null {
  if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(tenant)) {
    return {
      reason: 'invalid-tenant',
      sentence: 'A tenant has 1 to 64 lower-case letters, digits and hyphens.',
    };
  }
  if (!isEvidenceTenant(tenant as TenantId)) return null;
  return {
    reason: 'invalid-tenant',
    sentence: 'Tenants of this name are made and removed by runs of evidence. Choose another.',
  };
}

/** Says what is wrong with a list of groups, or null when nothing is. */
export function groupsRefusal(groups: readonly string[]): RecordRefusal | null {
  const wrong = groups.find((group) => !namePattern.test(group));
  if (wrong === undefined) return null;
  return {
    reason: 'invalid-group',
    sentence: `The group ${JSON.stringify(wrong)} is not usable: 1 to 64 letters, digits and the marks . _ - @ +, beginning with a letter or digit.`,
  };
}
