/** Reads a password: one line of standard input, or typed without being shown. */

import type { Cli } from './cli.ts';
import { CommandFailure, UsageError } from './cli.ts';
import { optionFlag, type Typed } from './command.ts';
import type { Terminal } from './terminal.ts';

const charactersMax = 4096;

/** `--password-stdin`, for commands that set a password. */
export const passwordOption = [
  '--password-stdin',
  'Read the password from the first line of standard input; without it, the terminal asks.',
] as const;

/**
 * The new password. At a terminal it is asked for twice; elsewhere it must come by
 * `--password-stdin`, so that nobody writes it where process lists and shell histories show it.
 */
export async function newPassword(cli: Cli, typed: Typed): Promise<string> {
  const { terminal } = cli;
  if (optionFlag(typed, 'passwordStdin')) return await firstLine(terminal);
  if (terminal.stdin.isTTY !== true) {
    throw new UsageError('where is the password? Add --password-stdin and pipe it in');
  }
  const first = await typedUnseen(terminal, 'New password: ');
  const second = await typedUnseen(terminal, 'Again: ');
  if (first === second) return first;
  throw new CommandFailure(['The two passwords differ. Nothing was changed.']);
}

/** The first line, without its line break; blanks are part of a password. */
async function firstLine(terminal: Terminal): Promise<string> {
  let text = '';
  terminal.stdin.setEncoding('utf8');
  for await (const chunk of terminal.stdin) {
    text += String(chunk);
    if (text.includes('\n') || text.length > charactersMax) break;
  }
  const line = /^[^\r\n]*/.exec(text)?.[0] ?? '';
  if (line !== '') return line;
  throw new CommandFailure(['There was no password on standard input. Nothing was changed.']);
}

const enter = ['\r', '\n', '\u0004'];

/** One line typed at a terminal that does not show it. */
async function typedUnseen(terminal: Terminal, question: string): Promise<string> {
  const { stdin, stderr } = terminal;
  // Before the question stands there, so that nothing typed at once is shown.
  stdin.setRawMode?.(true);
  stdin.setEncoding('utf8');
  stderr.write(question);
  try {
    let line = '';
    for (;;) {
      for (const character of await nextKeys(stdin)) {
        if (character === '\u0003') throw new CommandFailure(['', 'Nothing was changed.']);
        if (enter.includes(character)) return line;
        const isErasing = character === '\u007f' || character === '\b';
        line = isErasing ? line.slice(0, -1) : line + character;
      }
    }
  } finally {
    stdin.setRawMode?.(false);
    stdin.pause();
    stderr.write('\n');
  }
}

function nextKeys(stdin: Terminal['stdin']): Promise<string> {
  return new Promise((resolve) => {
    stdin.resume();
    stdin.once('data', (keys) => {
      resolve(String(keys));
    });
    stdin.once('end', () => {
      resolve('\u0004');
    });
  });
}
