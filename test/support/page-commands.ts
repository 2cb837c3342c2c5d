/**
 * The commands that a page of the documentation tells people to type, so that tests can type them:
 * what the page says is what is tried.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { runCommand, type CommandSurroundings, type Transcript } from './command.ts';
import { fileNamed } from './source-files.ts';

/** A command as typed, without `sallyport`. */
export interface TypedCommand {
  readonly line: string;
  readonly words: readonly string[];
  /** The file after `<`, or null. */
  readonly input: string | null;
}

/** The blocks of commands below a heading of docs/operations.md, in their order. */
export function commandsUnder(heading: string): readonly (readonly TypedCommand[])[] {
  const { text } = fileNamed('docs/operations.md');
  const [, level = '', section = ''] =
    new RegExp(`^(#+) ${heading}\n([^]*)`, 'm').exec(text) ?? assert.fail(`no "${heading}"`);
  const [own = ''] = section.split(new RegExp(`^#{1,${String(level.length)}} `, 'm'), 1);
  const blocks = [...own.matchAll(/^ *```sh\n([^]*?)^ *```$/gm)].map(([, block = '']) =>
    block
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line.startsWith('sallyport '))
      .map(typedIn),
  );
  const withCommands = blocks.filter((block) => block.length > 0);
  assert.ok(withCommands.length > 0, `no commands below "${heading}"`);
  return withCommands;
}

/** Types one of them in the present folder. */
export async function type(
  { words, input }: TypedCommand,
  surroundings: CommandSurroundings = {},
): Promise<Transcript> {
  const stdin = input === null ? '' : readFileSync(path.resolve(input), 'utf8');
  return await runCommand(words, { stdin, ...surroundings });
}

/** Words as a shell parts them: quotes, and `<` before a file. */
function typedIn(line: string): TypedCommand {
  const [, ...all] = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
  const at = all.indexOf('<');
  return {
    line,
    words: at === -1 ? all : all.slice(0, at),
    input: at === -1 ? null : (all[at + 1] ?? ''),
  };
}
