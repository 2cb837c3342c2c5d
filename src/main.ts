#!/usr/bin/env node
/** The command line of Sallyport: picks a command from cli/ and runs it. */

import { runCommandLine } from './cli/command-line.ts';
import { tools } from './cli/tools.ts';
import { systemClock } from './platform/clock.ts';

process.exitCode = await runCommandLine(
  {
    terminal: {
      environment: process.env,
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
    },
    tools,
    clock: systemClock,
  },
  process.argv.slice(2),
);
