/**
 * One request target, one path: what is matched here is what is sent upstream.
 *
 * Whatever two parsers could read differently is refused, never resolved and never guessed:
 * dot segments, doubled slashes, encoded separators, a second layer of encoding, bytes that are no
 * UTF-8. What remains is brought into one spelling (RFC 3986 §6.2.2): unreserved characters plain,
 * all other escapes in upper case. Letters keep their case: paths are case-sensitive here.
 */

/** Longest request target that is accepted, in bytes. */
export const targetBytesMax = 8192;

/** Why a request target is refused, in a sentence for whoever sent it. */
export const targetRefusals = {
  'too-long': 'The address is longer than 8192 characters.',
  'not-origin-form': 'The address must start with a slash.',
  'forbidden-character': 'The address contains a character that may not stand there unescaped.',
  'bad-escape': 'The address contains a percent sign that is not followed by two hex digits.',
  'forbidden-escape': 'The address contains an escaped character that could be read in two ways.',
  'invalid-utf-8': 'The address contains escapes that are not valid UTF-8.',
  'dot-segment': 'The address contains a part that is made of dots.',
  'empty-segment': 'The address contains an empty part between two slashes.',
} as const;

/** The code of such a refusal. */
export type TargetRefusal = keyof typeof targetRefusals;

/** What a request target amounts to. */
export type CanonicalTarget =
  | {
      readonly ok: true;
      /** Starts with a slash. */
      readonly path: string;
      /** With its question mark, or the empty string. */
      readonly query: string;
    }
  | { readonly ok: false; readonly why: TargetRefusal };

/**
 * Settles a request target as it stands in the request line, or refuses it.
 *
 * Only the origin form is accepted (RFC 9112 §3.2.1): the absolute form names a host of its own,
 * and the authority and asterisk forms name no page. The query is carried as it is.
 */
export function canonicalTarget(rawTarget: string): CanonicalTarget {
  if (rawTarget.length > targetBytesMax) return refuse('too-long');
  if (!rawTarget.startsWith('/')) return refuse('not-origin-form');
  if (!/^[\x21\x22\x24-\x7e]*$/.test(rawTarget)) return refuse('forbidden-character');

  const mark = rawTarget.indexOf('?');
  const rawPath = mark === -1 ? rawTarget : rawTarget.slice(0, mark);
  const query = mark === -1 ? '' : rawTarget.slice(mark);
  if (rawPath.includes('\\')) return refuse('forbidden-character');

  const rawSegments = rawPath.slice(1).split('/');
  // An empty name at the very end is a trailing slash; anywhere else it is a doubled one, which
  // some servers merge and others do not.
  if (rawSegments.slice(0, -1).some((raw) => withoutParameters(raw) === '')) {
    return refuse('empty-segment');
  }
  for (const raw of rawSegments) {
    const fault = findFault(raw);
    if (fault !== null) return refuse(fault);
  }

  const path = `/${rawSegments.map(inOneSpelling).join('/')}`;
  if (path.length + query.length > targetBytesMax) return refuse('too-long');
  return { ok: true, path, query };
}

/**
 * The names along a canonical path, decoded, without a trailing slash: what patterns look at.
 *
 * Two spellings of one name (`/a@b`, `/a%40b`) have the same names, so that a rule holds for both.
 * Path parameters are left out: Java servers drop them before they route, so `/admin;x=1/users`
 * is `/admin/users` to them. Null for a path that is not canonical.
 */
export function segmentNames(path: string): readonly string[] | null {
  if (!path.startsWith('/')) return null;
  const texts = path.slice(1).split('/').map(withoutParameters);
  if (texts.at(-1) === '') texts.pop();
  if (!path.includes('%')) return texts;
  const names = texts.map(decoded);
  return names.every((name) => name !== null) ? names : null;
}

/**
 * Says whether a decoded name may stand in a path. Controls, separators and what would need a
 * second look (`%`, `;`, `?`, `#`) may not, nor names of dots alone.
 */
export function isSegmentName(name: string): boolean {
  return findFaultOfName(name) === null;
}

/** Nothing to decode, nothing to escape, no dot in front: the usual case, decided quickly. */
const plainSegment = /^(?:[A-Za-z0-9_~!$&'()*+,=:@-][A-Za-z0-9._~!$&'()*+,=:@-]*)?$/;

function findFault(raw: string): TargetRefusal | null {
  if (plainSegment.test(raw)) return null;
  if (/%(?![0-9a-f]{2})/i.test(raw)) return 'bad-escape';
  // Cut before decoding: only a plain semicolon separates, and what each piece hides is looked at
  // by itself, so that `..;x` and `x;..` are seen.
  for (const piece of raw.split(';').map(decoded)) {
    const fault = piece === null ? 'invalid-utf-8' : findFaultOfName(piece);
    if (fault !== null) return fault;
  }
  return null;
}

/** Decodes escapes, or returns null when they are malformed or not UTF-8 (overlong included). */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function findFaultOfName(name: string): 'forbidden-escape' | 'dot-segment' | null {
  if (/[\p{Cc}\p{Cs}/\\%;?#]/u.test(name)) return 'forbidden-escape';
  // Some servers fold look-alikes before they open files: a full-width slash, or an ellipsis.
  const folded = name.normalize('NFKC');
  if (/[/\\]/.test(folded)) return 'forbidden-escape';
  // Spaces around the dots do not help: Windows drops them.
  return /^\s*\.+\s*$/.test(folded) ? 'dot-segment' : null;
}

function withoutParameters(text: string): string {
  const semicolon = text.indexOf(';');
  return semicolon === -1 ? text : text.slice(0, semicolon);
}

/** Unreserved characters plain, other escapes in upper case, what may not stand plain escaped. */
function inOneSpelling(raw: string): string {
  if (plainSegment.test(raw)) return raw;
  return raw.replace(/%[0-9a-f]{2}|["<>[\]^`{|}]/gi, (found) => {
    if (found.length === 1) return `%${found.charCodeAt(0).toString(16).toUpperCase()}`;
    const character = String.fromCharCode(Number.parseInt(found.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : found.toUpperCase();
  });
}

function refuse(why: TargetRefusal): CanonicalTarget {
  return { ok: false, why };
}
