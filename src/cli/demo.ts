/**
 * `sallyport demo`: a gateway to try out, with two applications behind it and four people to be.
 *
 * Passwords are printed once and everything is gone at the end, which is why it refuses to run
 * where somebody might take it for the real thing.
 */

import { createLog } from '../platform/log.ts';
import { systemClock } from '../platform/clock.ts';
import { untilToldToStop } from '../platform/shutdown.ts';
import { CommandFailure } from './cli.ts';
import { optionFlag, optionPort, type CommandSpec } from './command.ts';
import { startDemo, type Demo } from './start-demo.ts';
import { columns, print, styler, type Terminal } from './terminal.ts';

const usualPort = 8080;

/** Runs the demonstration until it is told to stop. */
export const demo: CommandSpec = {
  name: 'demo',
  summary: 'Try it out: two applications, four people, nothing kept.',
  args: [],
  options: [
    ['--port N', `Listen on this port; ${usualPort} otherwise, 0 for any that is free.`],
    ['--json', 'Print one line of JSON about what runs, for programs.'],
  ],
  example: '[--port N] [--json]',
  run: async ({ terminal }, typed) => {
    if (terminal.environment['NODE_ENV'] === 'production') {
      throw new CommandFailure([
        'The demonstration prints passwords and does not run where NODE_ENV is "production".',
        'For the real thing: sallyport serve --config FILE',
      ]);
    }
    const asJson = optionFlag(typed, 'json');
    // Standard output belongs to what was asked for.
    const log = createLog({ level: asJson ? 'info' : 'warn', destination: 2 });
    const stop = untilToldToStop(process, () => process.exit(1));
    const port = optionPort(typed, 'sallyport demo --port 8080') ?? usualPort;
    const running = await startDemo({ clock: systemClock, log, port });
    if (asJson) print(terminal, JSON.stringify(machineReadable(running)));
    else for (const line of welcome(terminal, running, port)) print(terminal, line);
    await stop;
    await running.close();
    return 0;
  },
};

function machineReadable({ url, portal, people, routes, mailbox }: Demo): object {
  const users = people.map(({ username, password, tier }) => ({ username, password, tier }));
  return { url, portal, users, routes, mailbox };
}

const whatAwaits: Readonly<Record<string, string>> = {
  anna: 'must enroll an app, a passkey and codes; may enter the administrators’ zone and administers',
  ben: 'must enroll an app and codes; approves resets as security owner',
  chloe: 'enrolls when a page asks for it; approves resets as manager',
  dan: 'enrolls when a page asks for it; the model server is not for him',
};

function welcome(terminal: Terminal, running: Demo, portWanted: number): readonly string[] {
  const style = styler(terminal);
  const { url, portal, people, configFile, management, mailbox } = running;
  const isElsewhere = portWanted !== 0 && !url.endsWith(`:${portWanted}`);
  const rows = people.map(({ username, password, tier }) => [
    `    ${style('bold', username)}`,
    style('bold', password),
    tier,
    whatAwaits[username] ?? '',
  ]);
  return [
    '',
    `  ${style('bold', 'Sallyport demonstration')}`,
    ...(isElsewhere ? [`  Port ${portWanted} is taken, so this is on another one.`] : []),
    '',
    `  Open   ${style('green', `${url}/`)}`,
    '',
    '  Be one of these (an authenticator app or a passkey will be asked for):',
    '',
    ...columns(rows),
    '',
    '  Things to try',
    '',
    ...columns([
      [`    ${url}/console/users/7`, 'a page of the legacy console'],
      [`    ${url}/console/users/7/edit`, 'a change that asks for a step-up'],
      [`    ${url}/admin/settings`, 'the administrators’ zone'],
      [`    ${portal}/admin`, 'the administration of Sallyport itself'],
      [`    ${url}/v1/models`, 'an OpenAI-compatible model server'],
      [`    ${mailbox}`, 'what people were told by mail'],
    ]),
    '',
    style('dim', `  Configuration  ${configFile}`),
    ...(management === null ? [] : [style('dim', `  Metrics        ${management}/metrics`)]),
    '',
    '  Press Ctrl+C to stop; accounts and data are gone then.',
    '',
  ];
}
