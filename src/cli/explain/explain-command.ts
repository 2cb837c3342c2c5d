/**
 * `sallyport explain`: what would happen to a request, why, and what would let it pass.
 *
 * Asks the same decision as the gateway. Only with `--user` is the database read; nothing is ever
 * changed.
 */

import assert from 'node:assert/strict';

import type { Config } from '../../config/config.ts';
import { unreachable } from '../../core/unreachable.ts';
import {
  type AccessAnswer,
  type DescribedAccess,
  explainRequest,
} from '../../flows/admin/explain/explain-request.ts';
import {
  explanationDocument,
  portalSentence,
} from '../../flows/admin/explain/explanation-document.ts';
import { noSession } from '../../flows/admin/explain/visitor.ts';
import type { PrincipalRecord, Stores } from '../../stores/types.ts';
import type { Cli } from '../cli.ts';
import {
  administering,
  commaList,
  configOf,
  configOption,
  optionFlag,
  optionText,
  type CommandSpec,
} from '../command.ts';
import { print, styler } from '../terminal.ts';
import { errorOfFault } from './described-faults.ts';
import { answeredElsewhereText, explanationText, withHints } from './explanation-text.ts';

/** Explains one request. Exit code 0 when it would pass, 3 when not. */
export const explainCommand: CommandSpec = {
  name: 'explain',
  summary: 'Say what would happen to a request, and why.',
  args: ['METHOD', 'URL'],
  options: [
    configOption,
    ['--user U', 'The person who asks, from the database; nobody otherwise.'],
    ['--groups a,b', 'Suppose somebody in these groups instead of a person.'],
    ['--ip A', 'Where they ask from; 127.0.0.1 otherwise.'],
    ['--proofs P', 'What they proved and how long ago: password,totp@5m.'],
    ['--json', 'One JSON object instead of text.'],
  ],
  example: '--config FILE METHOD URL --user U --ip A --proofs password,totp@5m',
  run: async (cli, typed) => {
    const [method = '', url = ''] = typed.args;
    const config = configOf(cli, typed);
    const groups = optionText(typed, 'groups');
    const described: DescribedAccess = {
      method,
      url,
      ip: optionText(typed, 'ip'),
      username: optionText(typed, 'user'),
      groups: groups === null ? null : commaList(groups),
      proofs: optionText(typed, 'proofs'),
    };
    const answer = await answerTo(cli, config, described);
    const text = optionFlag(typed, 'json')
      ? JSON.stringify(explanationDocument(answer, { url, portalUrl: config.portal.url }), null, 2)
      : linesOf(cli, config, url, answer).join('\n');
    print(cli.terminal, text);
    const isAllowed =
      answer.outcome === 'explained' && answer.explanation.decision.kind === 'allow';
    return isAllowed ? 0 : 3;
  },
};

// Sessions are the administration pages' to look into.
const findSession = async (): Promise<null> => Promise.resolve(null);

type Answered = Exclude<AccessAnswer, { outcome: 'unreadable' }>;

async function answerTo(cli: Cli, config: Config, described: DescribedAccess): Promise<Answered> {
  const findPerson = async (username: string): Promise<PrincipalRecord | null> =>
    administering(cli, config, ({ flows }) => personNamed(flows.stores, username));
  const { routes } = config;
  const now = cli.clock.now();
  const asked = { config, now, findPerson, findSession, routes, administration: null };
  const answer = await explainRequest(asked, described);
  if (answer.outcome === 'explained') return withHints(answer);
  if (answer.outcome !== 'unreadable') return answer;
  const [fault] = answer.faults;
  assert.ok(fault !== undefined, 'what cannot be read has a fault');
  throw errorOfFault(fault, config.server);
}

async function personNamed(stores: Stores, username: string): Promise<PrincipalRecord | null> {
  const user = await stores.users.findByUsername(username);
  return user === null ? null : stores.users.findPrincipal(user.id, noSession);
}

function linesOf(cli: Cli, config: Config, url: string, answer: Answered): readonly string[] {
  const styled = styler(cli.terminal);
  switch (answer.outcome) {
    case 'explained':
      return explanationText(answer, styled);
    case 'refused': {
      const sentence = `${styled('red', 'Refused:')} ${answer.sentence}`;
      const why = `${answer.reason}, before any route is looked at`;
      return answeredElsewhereText({ url, sentence, why }, styled);
    }
    case 'portal': {
      const why = 'portal, no route is looked at';
      const sentence = portalSentence(config.portal.url);
      return answeredElsewhereText({ url, sentence, why }, styled);
    }
    default:
      return unreachable(answer);
  }
}
