/** Reads a mail as it travels (RFC 5322, MIME), as far as our own mails need it. */

/** A mail, taken apart. */
export interface ReadMail {
  /** By name in lower case, unfolded and decoded; of several of one name the first. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly html: string;
}

/** Takes a mail apart: its headers, and its text and HTML where it has them. */
export function readMail(raw: string): ReadMail {
  const whole = entityIn(raw);
  const boundary = /boundary="?([^";]+)"?/i.exec(whole.headers.get('content-type') ?? '')?.[1];
  const parts = boundary === undefined ? [whole] : partsOf(whole.body, boundary);
  const contentOf = (type: string): string => {
    const part = parts.find(
      ({ headers }) => headers.get('content-type')?.startsWith(type) === true,
    );
    return part === undefined ? '' : decodedBody(part);
  };
  return { headers: whole.headers, text: contentOf('text/plain'), html: contentOf('text/html') };
}

interface Entity {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

function entityIn(raw: string): Entity {
  const end = raw.indexOf('\r\n\r\n');
  const [head, body] = end === -1 ? [raw, ''] : [raw.slice(0, end), raw.slice(end + 4)];
  const headers = new Map<string, string>();
  for (const line of head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon > 0 && !headers.has(name)) headers.set(name, decodedWords(line.slice(colon + 1)));
  }
  return { headers, body };
}

function partsOf(body: string, boundary: string): readonly Entity[] {
  return `\r\n${body}`
    .split(`\r\n--${boundary}`)
    .slice(1, -1)
    .map((part) => entityIn(part.slice('\r\n'.length)));
}

function decodedBody({ headers, body }: Entity): string {
  const encoding = headers.get('content-transfer-encoding')?.toLowerCase();
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString();
  const lines = body.replaceAll('\r\n', '\n');
  return encoding === 'quoted-printable' ? unquoted(lines.replaceAll('=\n', '')) : lines;
}

/** `=?UTF-8?Q?caf=C3=A9?=` (RFC 2047). */
function decodedWords(text: string): string {
  return text
    .trim()
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([QB])\?([^?]*)\?=/gi, (_word, how: string, content: string) =>
      how.toUpperCase() === 'B'
        ? Buffer.from(content, 'base64').toString()
        : unquoted(content.replaceAll('_', ' ')),
    );
}

function unquoted(text: string): string {
  const bytes = text.replaceAll(/=([0-9A-F]{2})/gi, (_code, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}
