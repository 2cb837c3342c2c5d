/**
 * Starts the demonstration: the upstreams, a mail server, and the gateway in front of them, with
 * everything in a temporary folder that is removed at the end.
 *
 * It runs the gateway as `serve` does, from config/demo.yaml. Nothing is switched off for it.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startGateway, type RunningGateway } from '../app.ts';
import { fixedConfig } from '../config/live.ts';
import { loadConfig } from '../config/load.ts';
import { demoPeople, type DemoPerson } from '../demo/demo-people.ts';
import { createLegacyConsole } from '../demo/legacy-console.ts';
import { createDemoMailServer } from '../demo/mail-server.ts';
import { createMailbox } from '../demo/mailbox.ts';
import { createModelServer } from '../demo/model-server.ts';
import { createUser } from '../flows/admin/users.ts';
import type { SteadyClock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import { systemRandom } from '../platform/random.ts';
import { drain } from '../platform/shutdown.ts';
import { freePort } from './free-port.ts';

/** A demonstration that runs. */
export interface Demo {
  /** What to open: `http://localhost:8080`. */
  readonly url: string;
  readonly portal: string;
  readonly people: readonly DemoPerson[];
  readonly routes: readonly { readonly name: string; readonly url: string }[];
  /** The configuration in use, for `sallyport explain` and its like. */
  readonly configFile: string;
  readonly management: string | null;
  /** Where one reads what people were told by mail. */
  readonly mailbox: string;
  /** Ends everything and removes the folder. */
  close(): Promise<void>;
}

/** Starts it on the port, or on another one when that is taken; 0 takes any. */
export async function startDemo(options: {
  readonly clock: SteadyClock;
  readonly log: Logger;
  readonly port: number;
}): Promise<Demo> {
  const { clock, log } = options;
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-demo-'));
  const mail = createDemoMailServer({ clock });
  const upstreams = [
    createLegacyConsole({ clock }),
    createModelServer({ clock, pauseMilliseconds: 30 }),
    createMailbox(mail.mails),
  ] as const;
  const closeRest = (): void => {
    mail.server.close();
    for (const upstream of upstreams) {
      upstream.closeAllConnections();
      upstream.close();
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const configFile = writeConfiguration(folder, {
      console: await portOf(upstreams[0]),
      models: await portOf(upstreams[1]),
      mailbox: await portOf(upstreams[2]),
      smtp: await portOf(mail.server.server),
      // Whoever takes any port runs several at once, as tests do.
      management: await freePort(options.port === 0 ? 0 : 9464),
    });
    const port = await freePort(options.port);
    const config = loadConfig(configFile, { environment: {}, upstreams: 'required', port });
    const people = demoPeople(systemRandom);
    const gateway = await startGateway(fixedConfig(config), { clock, log });
    await addPeople(gateway, people);
    return {
      url: config.server.publicUrl,
      portal: config.portal.url,
      people,
      routes: config.routes.map(({ name, path: pattern }) => ({
        name,
        url: config.server.publicUrl + pattern.text.replace('**', ''),
      })),
      configFile,
      management: gateway.management,
      mailbox: `${config.server.publicUrl}/mail/`,
      close: async () => {
        await drain(gateway.drainSteps, { log });
        closeRest();
      },
    };
  } catch (error) {
    closeRest();
    throw error;
  }
}

/** Below `dist/cli` as below `src/cli`, the package's own folder is two steps up. */
const shippedConfig = path.join(import.meta.dirname, '../../config');

/** Copies the shipped configuration, with the ports that are used this time. */
function writeConfiguration(
  folder: string,
  ports: Readonly<Record<'console' | 'models' | 'mailbox' | 'smtp' | 'management', number>>,
): string {
  const shipped = readFileSync(path.join(shippedConfig, 'demo.yaml'), 'utf8');
  const replacements = [
    ['127.0.0.1:8101', `127.0.0.1:${ports.console}`],
    ['127.0.0.1:8102', `127.0.0.1:${ports.models}`],
    ['127.0.0.1:8103', `127.0.0.1:${ports.mailbox}`],
    ['127.0.0.1:8125', `127.0.0.1:${ports.smtp}`],
    ['127.0.0.1:9464', `127.0.0.1:${ports.management}`],
  ] as const;
  let text = shipped;
  for (const [from, to] of replacements) {
    assert.ok(text.includes(from), `config/demo.yaml no longer names ${from}`);
    text = text.replaceAll(from, to);
  }
  const file = path.join(folder, 'sallyport.yaml');
  writeFileSync(file, text);
  const policy = readFileSync(path.join(shippedConfig, 'mfa-policy.yaml'), 'utf8');
  writeFileSync(path.join(folder, 'mfa-policy.yaml'), policy);
  return file;
}

async function portOf(server: NetServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function addPeople(
  { composition }: RunningGateway,
  people: readonly DemoPerson[],
): Promise<void> {
  await Promise.all(
    people.map(async ({ tier: _tier, ...person }) => {
      const answer = await createUser(composition.flows, person);
      assert.ok(answer.ok, answer.ok ? '' : answer.sentence);
    }),
  );
}
