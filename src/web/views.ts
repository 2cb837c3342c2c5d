/**
 * What each page shows: the contract between handlers and templates.
 *
 * Models carry finished sentences and addresses; templates decide nothing but where they stand.
 * `{ page: 'sign-in', … }` is rendered by `views/pages/sign-in.eta`.
 */

import type { ProblemCode } from '../core/problem.ts';
import type { AdminFrame, AdminPage } from './admin/views.ts';
import type { GuideGroup } from './api/guide.ts';

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
  /** The rail of the administration; null on every other page. */
  readonly admin: AdminFrame | null;
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

/** A one-time link. Posts `new_password` and `new_password_again`, or `username` and `password`. */
export type LinkPage = {
  /** The page itself, below the base path: it holds the secret. */
  readonly action: string;
  /** How long the link works. */
  readonly until: string;
  readonly username: string;
  readonly errors: readonly FieldError[];
} & (
  | { readonly page: 'link-invitation'; readonly lengthMin: number }
  | { readonly page: 'link-enroll-again' }
);

/** A link that is good for nothing any more. */
export interface LinkDeadPage {
  readonly page: 'link-dead';
}

/** After a reset: the password alone sets up nothing; what to do instead. */
export interface EnrollGuardedPage {
  readonly page: 'enroll-guarded';
}

/** Posts `username` and `password`, or `passkey` alone. */
export interface SignInPage {
  readonly page: 'sign-in';
  readonly username: string;
  /** What the script asks the browser for, as JSON; null: passkeys are not taken here. */
  readonly passkeyOptions: string | null;
  readonly errors: readonly FieldError[];
}

/** Posts `code`. */
export interface ChallengePage {
  readonly page: 'challenge';
  /** Null where the person's apps differ; nothing is counted then. */
  readonly digits: number | null;
  readonly periodSeconds: number | null;
  readonly errors: readonly FieldError[];
  /** A sentence when codes are paused; the form is not shown then. */
  readonly locked: string | null;
  readonly trustOffer: TrustOffer | null;
  readonly alternatives: readonly Alternative[];
}

/** A tick-box that posts `trust_device`: the answer is remembered in this browser. */
export interface TrustOffer {
  readonly label: string;
  readonly isTicked: boolean;
}

/** Posts `passkey` to the challenge. */
export interface ChallengePasskeyPage {
  readonly page: 'challenge-passkey';
  /** What the script asks the browser for, as JSON. */
  readonly passkeyOptions: string;
  readonly errors: readonly FieldError[];
  /** A sentence when codes are paused; passkeys are not. */
  readonly locked: string | null;
  readonly trustOffer: TrustOffer | null;
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

/** After a sign-in by recovery code: what of this is lost? Links only, nothing is posted. */
export interface LostAuthenticatorPage {
  readonly page: 'lost-authenticator';
  readonly authenticators: readonly {
    readonly name: string;
    readonly method: string;
    readonly lastUsedAt: string | null;
    /** Another one can be set up in its place first; else `href` is where it is removed. */
    readonly canReplace: boolean;
    readonly href: string;
  }[];
  /** Few codes are left: a sentence. */
  readonly fewCodes: string | null;
  /** Where the person wanted to go. */
  readonly goOnHref: string;
}

/** Posts `password` and, by `method`, either `code` or `recovery_code`. */
export interface StepUpPage {
  readonly page: 'step-up';
  /** Which second factor is asked for beside the password. */
  readonly method: 'totp' | 'recovery-code';
  /** Null where the person's apps differ; nothing is counted then. */
  readonly digits: number | null;
  readonly periodSeconds: number | null;
  readonly errors: readonly FieldError[];
  readonly locked: string | null;
  readonly alternatives: readonly Alternative[];
}

/** Posts `passkey` to the step-up, and `password` where the passkey did not verify the person. */
export interface StepUpPasskeyPage {
  readonly page: 'step-up-passkey';
  /** What the script asks the browser for, as JSON. */
  readonly passkeyOptions: string;
  /** The passkey that was used says nothing of who holds it: the password is asked for too. */
  readonly asksForPassword: boolean;
  readonly errors: readonly FieldError[];
  /** A sentence when codes are paused; passkeys are not. */
  readonly locked: string | null;
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
  /** Other methods that would do instead of the next one. */
  readonly alternatives: readonly Alternative[];
}

/** Posts `code`, and `name` where it is asked. */
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
  /** The name to start from, where the person has others to tell it from; null: not asked. */
  readonly name: string | null;
  /** Where the person came from. */
  readonly back: Alternative;
  readonly errors: readonly FieldError[];
}

/** Posts `passkey` and `name`. */
export interface EnrollPasskeyPage {
  readonly page: 'enroll-passkey';
  /** What the script asks the browser for, as JSON. */
  readonly passkeyOptions: string;
  /** The name as it was typed, or one to start from. */
  readonly name: string;
  /** Only a security key of a known model is taken. */
  readonly isHardwareNeeded: boolean;
  /** A sentence when there can be no passkeys at this address; the form is not shown then. */
  readonly unavailable: string | null;
  /** Where the person came from. */
  readonly back: Alternative;
  readonly errors: readonly FieldError[];
}

/**
 * Two forms, told apart by the hidden field `action`: `confirm` posts `stored` (the tick-box),
 * `replace` makes a new set and posts `password` where `asksForProof` and `code` where
 * `asksForCode`.
 */
export interface RecoveryCodesPage {
  readonly page: 'recovery-codes';
  /** The codes, this once; null when they were shown already or none were made. */
  readonly codes: readonly string[] | null;
  /** A set waits to be confirmed as stored: the form to continue is shown. */
  readonly isConfirmationDue: boolean;
  readonly codesLeft: number;
  /** Making a new set needs the password (a field is shown) unless none was ever confirmed. */
  readonly asksForProof: boolean;
  /** Beside the password a code is asked for; else a passkey was just used. */
  readonly asksForCode: boolean;
  /** A passkey must be used first, there; null: the form can be sent as it is. */
  readonly confirmHref: string | null;
  readonly errors: readonly FieldError[];
}

/**
 * Forms posting to `/account`, told apart by the hidden field `action`: `end-session` (with
 * `session`, the key), `end-other-sessions`, `sign-out-everywhere`, `distrust-device` (with
 * `device`, its id). "Sign out" posts to `/sign-out`.
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
  /** What the policy asks for and is not set up yet, in a sentence; null: nothing. */
  readonly missing: string | null;
  readonly authenticators: readonly {
    readonly name: string;
    readonly method: string;
    readonly addedAt: string;
    readonly lastUsedAt: string | null;
    /** Its own page, to rename or remove it. */
    readonly href: string;
  }[];
  /** Whether this kind may be added here. */
  readonly canAdd: { readonly totp: boolean; readonly passkey: boolean };
  /** Null: recovery codes are switched off, and the person has none. */
  readonly recoveryCodesLeft: number | null;
  /** Few are left: a sentence of warning. */
  readonly recoveryCodesWarning: string | null;
  /** Nothing obliges to the second step, so that it can be switched off. */
  readonly canDisable: boolean;
  /** The password is kept here. */
  readonly canChangePassword: boolean;
  readonly sessions: readonly {
    /** What `end-session` posts back as `session`. */
    readonly key: string;
    readonly device: string;
    readonly ip: string;
    /** Where that address is, when a map says so. */
    readonly place: string | null;
    readonly lastSeenAt: string;
    readonly isThisOne: boolean;
    /** It was opened by a password, and a second step is still owed there. */
    readonly isHalfOpen: boolean;
  }[];
  /** Browsers in which the second factor is remembered. */
  readonly trustedDevices: readonly {
    /** What `distrust-device` posts back as `device`. */
    readonly id: string;
    readonly name: string;
    readonly lastSeenAt: string;
    readonly until: string;
    readonly isThisOne: boolean;
    /** This session rests on it and ends with it. */
    readonly signsOutHere: boolean;
  }[];
  /** What happened lately, the newest first. */
  readonly activity: readonly {
    readonly what: string;
    readonly at: string;
    /** "Firefox on Linux, 10.20.0.14"; null: nobody came over the network. */
    readonly from: string | null;
  }[];
  /** The administration, for whoever has a role in it and may come near it from here. */
  readonly administrationHref: string | null;
  /** What was just done, said once. */
  readonly notice: string | null;
}

/**
 * Two forms, told apart by the hidden field `action`: `rename` posts `name`, `remove` nothing
 * more.
 */
export interface AuthenticatorPage {
  readonly page: 'authenticator';
  readonly name: string;
  /** The name as it was typed. */
  readonly newName: string;
  readonly method: string;
  readonly addedAt: string;
  readonly lastUsedAt: string | null;
  /** Path of this page, below the base path. */
  readonly path: string;
  /** Why it cannot be removed, and a way round; null: it can. */
  readonly stays: { readonly sentence: string; readonly alternative: Alternative | null } | null;
  /** Where the person came from, or is going to. */
  readonly leave: Alternative;
  readonly errors: readonly FieldError[];
}

/** Posts `password` (the current one), `new_password` and `new_password_again`. */
export interface PasswordPage {
  readonly page: 'password';
  readonly lengthMin: number;
  readonly errors: readonly FieldError[];
}

/** Posts `password` and, by `method`, `code`, `recovery_code` or nothing more. */
export interface DisableMfaPage {
  readonly page: 'disable-mfa';
  /** `webauthn`: a passkey was just used. */
  readonly method: 'totp' | 'recovery-code' | 'webauthn';
  /** Null where the person's apps differ; nothing is counted then. */
  readonly digits: number | null;
  readonly periodSeconds: number | null;
  readonly errors: readonly FieldError[];
  readonly locked: string | null;
  readonly alternatives: readonly Alternative[];
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
  /** How long to wait before trying again, in a sentence; null: that is not known. */
  readonly wait: string | null;
  readonly alternatives: readonly Alternative[];
}

/** What `type` of a problem document points to: `{portal}/problems/<code>`. */
export interface ProblemGuidePage {
  readonly page: 'problem-guide';
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
}

/** The API, to be read. */
export interface ApiGuidePage {
  readonly page: 'api-guide';
  /** What every path is below. */
  readonly base: string;
  readonly documentHref: string;
  /** Followed by a code: the page that explains it. */
  readonly problemHref: string;
  readonly tokenMinutes: number;
  /** By operation: who may call it. */
  readonly callers: Readonly<Record<string, string>>;
  readonly groups: readonly GuideGroup[];
}

/** Every page there is. */
export type Page =
  | SignInPage
  | ChallengePage
  | ChallengePasskeyPage
  | RecoveryCodePage
  | LostAuthenticatorPage
  | StepUpPage
  | StepUpPasskeyPage
  | EnrollPage
  | EnrollTotpPage
  | EnrollPasskeyPage
  | RecoveryCodesPage
  | AccountPage
  | AuthenticatorPage
  | PasswordPage
  | DisableMfaPage
  | EnrollGuardedPage
  | LinkPage
  | LinkDeadPage
  | ReminderPage
  | SignOutPage
  | ProblemPage
  | ProblemGuidePage
  | ApiGuidePage
  | AdminPage;
