/**
 * What pages of the administration are put together from, each with a partial of its own:
 * `views/partials/admin-<name>.eta`.
 *
 * A `path` is below the portal's base path, query included; templates put the base before it.
 */

/** What a colour says; the words beside it say the same. */
export type Tone = 'good' | 'warning' | 'danger' | 'accent' | 'quiet';

/** A state in a word, with a picture: `views/partials/icon-<icon>.eta`. */
export interface Badge {
  readonly tone: Tone;
  readonly icon: string;
  readonly label: string;
}

/** An instant: how long ago for the eye, the exact one on hover and for machines. */
export interface Moment {
  /** "3 min ago", "in 5 days" */
  readonly relative: string;
  /** "22 Nov 2026, 14:32 (SAST)" */
  readonly exact: string;
  /** For `<time datetime>`. */
  readonly iso: string;
}

/** One line of a definition list. */
export interface Fact {
  readonly term: string;
  readonly text: string | null;
  readonly badges?: readonly Badge[];
  readonly moment?: Moment | null;
  readonly path?: string | null;
  /** Set in the face of code. */
  readonly isCode?: boolean;
}

/** Links to the other pages of a list. */
export interface Pager {
  /** Null on the first page. */
  readonly firstPath: string | null;
  /** Null on the last one. */
  readonly nextPath: string | null;
}

/** One field of a filter, or of a form. */
export type FilterField =
  | {
      readonly kind: 'text' | 'search' | 'date' | 'datetime-local';
      readonly name: string;
      readonly label: string;
      readonly value: string;
      readonly hint?: string;
    }
  | {
      readonly kind: 'choice';
      readonly name: string;
      readonly label: string;
      readonly value: string;
      readonly options: readonly Option[];
    };

/** One choice of a field. */
export interface Option {
  readonly value: string;
  readonly label: string;
}

/** A form by GET: what a list shows stands in its address. */
export interface Filter {
  readonly path: string;
  readonly fields: readonly FilterField[];
  /** Something is filtered by; there is a link to the whole list then. */
  readonly isActive: boolean;
}

/** What a list says that has nothing in it: what would appear, and how to make it appear. */
export interface EmptyState {
  readonly title: string;
  readonly text: string;
  readonly action: { readonly path: string; readonly label: string } | null;
}

/** Something that is asked about once more, where its button stands. Posts `action` and `fields`. */
export interface Confirmation {
  readonly path: string;
  readonly action: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** On the button that opens the question. */
  readonly label: string;
  /** What will happen, in a sentence or two. */
  readonly question: string;
  /** On the button that does it. */
  readonly confirm: string;
  readonly isDangerous: boolean;
  /** For whom it is, where several of the kind stand on one page: "End the session of Anna". */
  readonly spoken?: string;
}

/** One thing that happened. */
export interface TimelineEntry {
  readonly icon: string;
  readonly tone: Tone;
  readonly text: string;
  readonly moment: Moment;
  /** By whom, from where. */
  readonly note: string | null;
  /** Its own page. */
  readonly path: string | null;
}

/** Where something stands on its way. */
export interface StepLine {
  readonly label: string;
  readonly steps: readonly {
    readonly title: string;
    readonly text: string | null;
    readonly state: 'done' | 'now' | 'later' | 'stopped';
  }[];
}

/** A form was refused. `field` is the id of the field, null where it is about the whole. */
export interface AdminFieldError {
  readonly field: string | null;
  readonly message: string;
}
