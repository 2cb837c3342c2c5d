/**
 * The table of people that an operator brings from another product: what its columns are called,
 * and what stands in a row. Rows are judged by themselves here; see import-people.ts for the rest.
 */

import type { CsvRecord } from '../../../core/csv.ts';

/** Somebody in the table, as written. */
export interface TableRow {
  readonly line: number;
  readonly username: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly groups: readonly string[];
  readonly tenant: string | null;
  readonly isEnabled: boolean;
}

/** What is wrong at a line, and what to do about it. */
export interface LineFault {
  readonly line: number;
  readonly sentence: string;
}

const columns = ['username', 'email', 'name', 'groups', 'tenant', 'enabled'] as const;
type Column = (typeof columns)[number];

/** Reads a row by the columns of the head. */
export type RowReader = (
  record: CsvRecord,
) =>
  | { readonly ok: true; readonly row: TableRow }
  | { readonly ok: false; readonly fault: LineFault };

/** Reads the head of the table, or says what is wrong with it. */
export function readHead({
  line,
  fields,
}: CsvRecord):
  | { readonly ok: true; readonly read: RowReader }
  | { readonly ok: false; readonly fault: LineFault } {
  const names = fields.map((field) => field.trim().toLowerCase());
  const refused = (sentence: string) => ({ ok: false, fault: { line, sentence } }) as const;
  const unknown = names.find((name) => !columns.some((column) => column === name));
  if (unknown !== undefined) {
    return refused(
      `There is no column ${JSON.stringify(unknown)}. The first line names the columns: ` +
        `${columns.join(',')}; only username must be there.`,
    );
  }
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) return refused(`The column ${twice} is there twice.`);
  if (!names.includes('username')) return refused('There is no column username.');
  const at = new Map<string, number>(names.map((name, index) => [name, index]));
  return { ok: true, read: (record) => readRow(record, at, names.length) };
}

const yes = ['', 'true', 'yes', '1', 'enabled', 'active'];
const no = ['false', 'no', '0', 'disabled', 'inactive'];

function readRow(
  { line, fields }: CsvRecord,
  at: ReadonlyMap<string, number>,
  width: number,
): ReturnType<RowReader> {
  const refused = (sentence: string) => ({ ok: false, fault: { line, sentence } }) as const;
  if (fields.length !== width) {
    return refused(
      `There are ${String(fields.length)} fields and ${String(width)} columns. Fields with ` +
        'commas in them stand in quotes.',
    );
  }
  const field = (name: Column): string => (fields[at.get(name) ?? -1] ?? '').trim();
  const enabled = field('enabled').toLowerCase();
  if (!yes.includes(enabled) && !no.includes(enabled)) {
    return refused(`"enabled" is true or false, not ${JSON.stringify(field('enabled'))}.`);
  }
  const username = field('username');
  return {
    ok: true,
    row: {
      line,
      username,
      displayName: field('name') === '' ? username : field('name'),
      email: field('email') === '' ? null : field('email'),
      groups: field('groups')
        .split(/[,;|\s]+/)
        .filter((group) => group !== ''),
      tenant: field('tenant') === '' ? null : field('tenant'),
      isEnabled: yes.includes(enabled),
    },
  };
}
