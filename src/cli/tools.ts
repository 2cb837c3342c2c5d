/** What commands do with the real program: the one place where the command line meets it. */

import { startGateway } from '../app.ts';
import { evidencePartsOf, openFoundation } from '../compose.ts';
import { fixedConfig } from '../config/live.ts';
import { noteConfiguration } from '../flows/operating/note-configuration.ts';
import { createLog } from '../platform/log.ts';
import { drain } from '../platform/shutdown.ts';
import { createSigner } from '../platform/signing.ts';
import type { Tools } from './cli.ts';

/** The program itself. */
export const tools: Tools = {
  async startGateway(live, surroundings) {
    const running = await startGateway(live, surroundings);
    return {
      url: running.url,
      management: running.management,
      noteConfiguration: (news) => noteConfiguration(running.composition.flows, news),
      async drain() {
        await drain(running.drainSteps, { log: surroundings.log });
      },
    };
  },

  async openForAdministration(config, { work = 'short', keyCheck = 'must-fit' } = {}) {
    // Standard output belongs to what was asked for.
    const log = createLog({ level: 'warn', destination: 2 });
    const statements = work === 'long' ? 'unlimited' : 'bounded';
    return openFoundation(fixedConfig(config), { log, statements, keyCheck });
  },

  async openForEvidence(config) {
    // Every line is looked through; only what an operator should know is printed.
    const log = createLog({ level: 'debug', destination: 2, writesFrom: 'error' });
    const foundation = await openFoundation(fixedConfig(config), { log });
    const { clock, sealer, flows } = foundation;
    const signer = await createSigner({ clock, keys: flows.stores.signingKeys, sealer });
    return {
      flows,
      parts: evidencePartsOf(foundation, signer),
      close: () => foundation.close(),
    };
  },

  async migrate(config) {
    const administration = await this.openForAdministration(config);
    await administration.close();
  },
};
