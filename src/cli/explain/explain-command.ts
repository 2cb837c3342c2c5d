/**
 * `sallyport explain`: what would happen to a request, why, and what would let it pass.
 *
 * Asks the same decision as the gateway. Only with `--user` is the database read; nothing is ever
 * changed.
 */

import { isPortalRequest } from '../../core/locations.ts';
import { explain } from '../../core/policy/explain.ts';
import { UsageError } from '../cli.ts';
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
import {
  portalText,
  explanationJson,
  explanationText,
  refusedTargetText,
} from './explanation-text.ts';
import { parseProofs } from './proofs-typed.ts';
import { requestTyped } from './request-typed.ts';
import { knownVisitor, supposedVisitor, type Visitor } from './visitor.ts';

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
    const now = cli.clock.now();
    const asked = requestTyped(config, { method, url, ip: optionText(typed, 'ip') });
    const proofsText = optionText(typed, 'proofs');
    const proofs = proofsText === null ? null : parseProofs(proofsText, now);
    const username = optionText(typed, 'user');
    const groupsTyped = optionText(typed, 'groups');
    if (username !== null && groupsTyped !== null) {
      throw new UsageError('--user and --groups are two ways to say who asks; keep one');
    }

    let visitor: Visitor | null = null;
    if (username !== null) {
      visitor = await administering(cli, config, ({ flows }) =>
        knownVisitor({ stores: flows.stores, config, now }, username, proofs),
      );
    } else if (proofs !== null || groupsTyped !== null) {
      visitor = supposedVisitor({ config, now }, commaList(groupsTyped ?? ''), proofs);
    }

    const isJson = optionFlag(typed, 'json');
    const styled = styler(cli.terminal);
    if (!asked.ok) {
      print(cli.terminal, refusedTargetText(asked.refusal, { url, isJson, styled }));
      return 3;
    }
    const { request } = asked;
    if (isPortalRequest(config.portal, request)) {
      print(cli.terminal, portalText({ url, portal: config.portal.url, isJson, styled }));
      return 3;
    }
    const facts = { request, session: visitor?.session ?? null, now };
    const explained = {
      explanation: explain(config.routes, facts, config.policy),
      assumptions: [...asked.assumptions, ...(visitor?.assumptions ?? [])],
      url: `${request.scheme}://${request.authority}${request.path}${request.query}`,
      visitor,
    };
    print(
      cli.terminal,
      isJson
        ? JSON.stringify(explanationJson(explained), null, 2)
        : explanationText(explained, styled).join('\n'),
    );
    return explained.explanation.decision.kind === 'allow' ? 0 : 3;
  },
};
