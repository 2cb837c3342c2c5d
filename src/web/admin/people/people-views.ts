/** The models of the pages about people: `/admin/users`, one person, somebody new, `/admin/locked`. */

import type {
  AdminFieldError,
  Badge,
  Confirmation,
  EmptyState,
  Fact,
  Filter,
  Moment,
  Pager,
  TimelineEntry,
} from '../blocks.ts';

/** Somebody in a list. */
export interface PersonRow {
  readonly path: string;
  readonly username: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly tier: string;
  /** How far they are, and what else should be seen at a glance. */
  readonly badges: readonly Badge[];
  /** "in 5 days", beside a badge that says what is due; null: nothing is. */
  readonly due: Moment | null;
  readonly methods: readonly Badge[];
  readonly groups: readonly string[];
}

/** People by name. Posts nothing. */
export interface AdminUsersPage {
  readonly page: 'admin-users';
  readonly filter: Filter;
  /** How many there are, in words. */
  readonly count: string;
  readonly rows: readonly PersonRow[];
  readonly pager: Pager;
  readonly empty: EmptyState | null;
  readonly canCreate: boolean;
  readonly notice: string | null;
}

/** Somebody to be: what was typed. Groups and networks are separated by blanks or commas. */
export interface PersonFields {
  readonly username: string;
  readonly displayName: string;
  readonly email: string;
  readonly groups: string;
  readonly networks: string;
}

/** Posts `kind`, `username`, `display_name`, `email`, `groups` and `networks`. */
export interface AdminNewUserPage {
  readonly page: 'admin-new-user';
  readonly kind: 'user' | 'service';
  readonly fields: PersonFields;
  /** Groups that mean something here, to choose from. */
  readonly knownGroups: readonly string[];
  readonly knownNetworks: readonly string[];
  /** People get a link to choose a password by; not where passwords are kept elsewhere. */
  readonly isInvited: boolean;
  /** The link is mailed too. */
  readonly isMailed: boolean;
  readonly errors: readonly AdminFieldError[];
}

/** A one-time link, shown this once. */
export interface AdminLinkPage {
  readonly page: 'admin-link';
  readonly title: string;
  /** What to do with it, in sentences. */
  readonly sentences: readonly string[];
  readonly url: string;
  readonly on: { readonly path: string; readonly label: string };
}

/** A session of somebody. */
export interface PersonSession {
  readonly device: string;
  readonly address: string;
  readonly proofs: string;
  readonly seen: Moment;
  readonly end: Confirmation | null;
}

/**
 * Everything about one person, as a story. Forms post to the page itself, told apart by `action`:
 * `change` posts `display_name`, `email`, `groups` and (services) `networks`.
 */
export interface AdminUserPage {
  readonly page: 'admin-user';
  readonly username: string;
  readonly displayName: string;
  readonly path: string;
  readonly badges: readonly Badge[];
  readonly facts: readonly Fact[];
  /** What should be known before anything else, in sentences with how much they should worry. */
  readonly warnings: readonly { readonly tone: 'warning' | 'danger'; readonly text: string }[];
  readonly authenticators: readonly {
    readonly icon: string;
    readonly name: string;
    readonly method: string;
    readonly added: Moment;
    readonly used: Moment | null;
  }[];
  readonly recoveryCodes: string | null;
  readonly sessions: readonly PersonSession[];
  readonly devices: readonly {
    readonly name: string;
    readonly address: string;
    readonly seen: Moment;
    readonly trusted: Moment | null;
  }[];
  readonly links: readonly { readonly text: string; readonly until: Moment }[];
  /** Services: the keys that they obtain tokens by. */
  readonly apiKeys: readonly { readonly name: string; readonly used: Moment | null }[];
  readonly isService: boolean;
  readonly events: readonly TimelineEntry[];
  /** All events about this person. */
  readonly eventsPath: string;
  readonly resets: readonly {
    readonly path: string;
    readonly text: string;
    readonly badge: Badge;
    readonly at: Moment;
  }[];
  readonly fields: PersonFields;
  readonly knownGroups: readonly string[];
  readonly knownNetworks: readonly string[];
  readonly canChange: boolean;
  /** Why nothing can be changed here, in a sentence; null: it can, or who looks never may. */
  readonly whyNot: string | null;
  readonly helpful: readonly Confirmation[];
  readonly dangerous: readonly Confirmation[];
  /** Where a reset of this person is asked for; null: whoever looks may not. */
  readonly resetPath: string | null;
  readonly notice: string | null;
  readonly errors: readonly AdminFieldError[];
}

/** People whose codes are paused. Posts `action=unlock` with `user`. */
export interface AdminLockedPage {
  readonly page: 'admin-locked';
  readonly rows: readonly {
    readonly path: string;
    readonly username: string;
    readonly displayName: string;
    readonly tier: string;
    readonly until: Moment;
    /** Passkeys still work. */
    readonly hasPasskey: boolean;
    readonly eventsPath: string;
    readonly unlock: Confirmation | null;
  }[];
  readonly pager: Pager;
  readonly empty: EmptyState | null;
  readonly notice: string | null;
}
