/**
 * What each page shows: the contract between handlers and templates.
 *
 * Models carry finished sentences and addresses; templates decide nothing but where they stand.
 * `{ page: 'sign-in', … }` is rendered by `views/pages/sign-in.eta`.
 */

import type { ProblemCode } from '../core/problem.ts';

/** What stands on every page, around the content. */
export interface Frame {
  /** The operator's name. */
  readonly issuer: string;
  /** Path under which our pages live: `/_mfa`, or empty. Prefix of every link and form. */
  readonly basePath: string;
  /** For `<script nonce>` and `<style nonce>`. */
  readonly nonce: string;
  /** Hidden field `csrf` of every form. */
  readonly csrf: string;
  /** Hidden field `return_to` of every form; empty when there is no place to return to. */
  readonly returnTo: string;
  /** "You are going to **Admin console** › /admin/users/7". */
  readonly destination: { readonly name: string; readonly path: string } | null;
  readonly signedInAs: { readonly username: string; readonly displayName: string } | null;
  /** One sentence: why this page appeared. */
  readonly why: string | null;
  readonly requestId: string;
  /** How long somebody in grace may still do without a second step; null: nothing is due. */
  readonly graceBanner: string | null;
  /** CSS colour of the operator's accent, checked when the configuration was loaded. */
  readonly accent: string | null;
}

/** An error at a field; the summary on top repeats it with a link to the field. */
export interface FieldError {
  readonly field:
    | 'username'
    | 'password'
    | 'new_password'
    | 'new_password_again'
    | 'code'
    | 'recovery_code'
    | 'stored'
    | 'name'
    | null;
  readonly message: string;
}

/** A plain link below the primary action. */
export interface Alternative {
  readonly href: string;
  readonly label: string;
  /** The small picture before it: `views/partials/icon-<name>.eta`. */
  readonly icon: 'phone' | 'key' | 'passkey' | 'help' | 'arrow-left' | 'arrow-right' | 'refresh';
}

/** Posts `username`, `password`. */
export interface SignInPage {
  readonly page: 'sign-in';
  readonly username: string;
  readonly errors: readonly FieldError[];
}

/** Posts `code`. */
export interface ChallengePage {
  readonly page: 'challenge';
  readonly digits: number;
  readonly periodSeconds: number;
  readonly errors: readonly FieldError[];
  /** A sentence when codes are paused; the form is not shown then. */
  readonly locked: string | null;
  readonly alternatives: readonly Alternative[];
}

/** Posts `recovery_code`. */
export interface RecoveryCodePage {
  readonly page: 'recovery-code';
  readonly errors: readonly FieldError[];
  readonly locked: string | null;
  readonly codesLeft: number;
  readonly alternatives: readonly Alternative[];
}

/** Posts `password` and, by `method`, either `code` or `recovery_code`. */
export interface StepUpPage {
  readonly page: 'step-up';
  /** Which second factor is asked for beside the password. */
  readonly method: 'totp' | 'recovery-code';
  readonly digits: number;
  readonly periodSeconds: number;
  readonly errors: readonly FieldError[];
  readonly locked: string | null;
  /** The rule asks for a method that does not exist here or is not enrolled; no form then. */
  readonly unavailable: string | null;
  readonly alternatives: readonly Alternative[];
}

/** What is to be set up, in order; the steps are links, nothing is posted. */
export interface EnrollPage {
  readonly page: 'enroll';
  readonly steps: readonly {
    readonly title: string;
    readonly description: string;
    readonly state: 'done' | 'next' | 'later' | 'unavailable';
    readonly href: string | null;
  }[];
  /** Where "Continue" leads, or null when nothing can be done here. */
  readonly nextHref: string | null;
}

/** Posts `code`. */
export interface EnrollTotpPage {
  readonly page: 'enroll-totp';
  /** An inline SVG document. */
  readonly qrSvg: string;
  /** Base32; the template groups it by four for the eye. */
  readonly secret: string;
  readonly otpauthUrl: string;
  readonly account: string;
  readonly digits: number;
  readonly periodSeconds: number;
  readonly errors: readonly FieldError[];
}

/**
 * Two forms, told apart by the hidden field `action`: `confirm` posts `stored` (the tick-box),
 * `replace` makes a new set and posts `password` and `code` where `asksForProof`.
 */
export interface RecoveryCodesPage {
  readonly page: 'recovery-codes';
  /** The codes, this once; null when they were shown already or none were made. */
  readonly codes: readonly string[] | null;
  /** A set waits to be confirmed as stored: the form to continue is shown. */
  readonly isConfirmationDue: boolean;
  readonly codesLeft: number;
  /** Making a new set needs password and code (fields are shown) unless none was ever confirmed. */
  readonly asksForProof: boolean;
  readonly errors: readonly FieldError[];
}

/**
 * Forms posting to `/account`, told apart by the hidden field `action`: `end-session` (with
 * `session`, the key), `end-other-sessions`, `sign-out-everywhere`. "Sign out" posts to
 * `/sign-out`.
 */
export interface AccountPage {
  readonly page: 'account';
  readonly user: {
    readonly username: string;
    readonly displayName: string;
    readonly email: string | null;
    readonly groups: readonly string[];
    readonly tier: string;
  };
  readonly authenticators: readonly {
    readonly name: string;
    readonly method: string;
    readonly addedAt: string;
    readonly lastUsedAt: string | null;
  }[];
  readonly recoveryCodesLeft: number;
  /** Few are left: a sentence of warning. */
  readonly recoveryCodesWarning: string | null;
  readonly sessions: readonly {
    /** What `end-session` posts back as `session`. */
    readonly key: string;
    readonly device: string;
    readonly ip: string;
    readonly lastSeenAt: string;
    readonly isThisOne: boolean;
  }[];
  /** What was just done, said once. */
  readonly notice: string | null;
}

/** Posts `action=later`. */
export interface ReminderPage {
  readonly page: 'reminder';
  /** How long is left, and until when. */
  readonly left: string;
  readonly enrollHref: string;
}

/** Posts nothing but the hidden fields. */
export interface SignOutPage {
  readonly page: 'sign-out';
  /** False: the question with its button. True: it is done. */
  readonly isDone: boolean;
}

/** Why somebody cannot go on, and what to do. */
export interface ProblemPage {
  readonly page: 'problem';
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string | null;
  readonly alternatives: readonly Alternative[];
}

/** What `type` of a problem document points to: `{portal}/problems/<code>`. */
export interface ProblemGuidePage {
  readonly page: 'problem-guide';
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
}

/** Every page there is. */
export type Page =
  | SignInPage
  | ChallengePage
  | RecoveryCodePage
  | StepUpPage
  | EnrollPage
  | EnrollTotpPage
  | RecoveryCodesPage
  | AccountPage
  | ReminderPage
  | SignOutPage
  | ProblemPage
  | ProblemGuidePage;
