/**
 * `sallyport serve`: runs the gateway until it is told to stop.
 *
 * SIGTERM drains, SIGHUP reads the configuration anew and keeps the old one when the new one is
 * wrong. Standard output carries the log, one JSON object on each line.
 */

import { formatFault } from '../config/faults.ts';
import { liveConfig, type ReloadableConfig } from '../config/live.ts';
import { readConfig } from '../config/load.ts';
import { createLog, type OperatorLog } from '../platform/log.ts';
import { untilToldToStop } from '../platform/shutdown.ts';
import { configFile, configOf, configOption, optionPort, type CommandSpec } from './command.ts';

/** Runs the gateway. Resolves when it has drained. */
export const serve: CommandSpec = {
  name: 'serve',
  summary: 'Run the gateway.',
  args: [],
  options: [configOption, ['--port N', 'Listen on this port instead of the one configured.']],
  example: '--config FILE',
  run: async (cli, typed) => {
    const port = optionPort(typed, 'sallyport serve --config FILE --port 8080');
    const file = configFile(cli, typed);
    const { environment } = cli.terminal;
    const loading = { upstreams: 'required', port } as const;
    const live = liveConfig(configOf(cli, typed, loading), () =>
      readConfig(file, { environment, ...loading }),
    );
    const log = createLog({ level: live.current().logLevel, destination: 1 });
    // Heard from the start, so that a stop during start-up is not lost.
    const stop = untilToldToStop(process, () => {
      log.fatal('told to stop a second time: ending at once');
      process.exit(1);
    });
    cli.clock.onSkew((skewSeconds) => {
      log.warn(
        { skewSeconds },
        'the clock on the wall was changed; sessions go by one that was not',
      );
    });
    const gateway = await cli.tools.startGateway(live, { log, clock: cli.clock });
    process.on('SIGHUP', () => {
      const before = live.current();
      const needsRestart = reload(live, log);
      if (needsRestart === null) return;
      void gateway.noteConfiguration({ how: 'reload', before, needsRestart });
    });
    // Whoever started us waits for this line, whatever else is to be logged.
    createLog({ level: 'info', destination: 1 }).info(
      { url: gateway.url, management: gateway.management },
      'listening',
    );
    await gateway.noteConfiguration({ how: 'start' });
    await stop;
    log.info('draining');
    await gateway.drain();
    log.info('stopped');
    return 0;
  },
};

/**
 * Reads the configuration anew and logs what came of it. Says which keys take effect at the next
 * start only; null: the new configuration is wrong and the old one stays in force.
 */
export function reload(live: ReloadableConfig, log: OperatorLog): readonly string[] | null {
  const answer = live.reload();
  if (!answer.ok) {
    const faults = answer.faults.map(formatFault);
    log.error({ faults }, 'the new configuration is wrong; the old one stays in force');
    return null;
  }
  log.level = live.current().logLevel;
  log.info('the new configuration is in force');
  if (answer.needsRestart.length > 0) {
    log.warn({ keys: answer.needsRestart }, 'these changes take effect at the next start only');
  }
  return answer.needsRestart;
}
