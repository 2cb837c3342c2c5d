/**
 * The package's public face: the gate inside an existing Express application.
 *
 * ```ts
 * const gate = await sallyport('sallyport.yaml');
 * app.use(gate.handler);
 * server.on('upgrade', gate.upgrade((req, socket, head) => sockets.handleUpgrade(…)));
 * ```
 *
 * The same pipeline as in front of an upstream: what is allowed reaches the application with the
 * identity headers of contract section 5, and nothing that a client sent under their names.
 */

import path from 'node:path';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { keepHouse } from './app.ts';
import { compose } from './compose.ts';
import { ConfigError } from './config/faults.ts';
import { fixedConfig } from './config/live.ts';
import { type ConfigReading, readConfig, readConfigValue } from './config/load.ts';
import { isPortalRequest } from './core/locations.ts';
import { keepParsedForm } from './gateway/parsed-headers.ts';
import { createLog } from './platform/log.ts';
import { setRequestFacts } from './platform/request-facts.ts';

/** The gate, as an application uses it. */
export interface SallyportGate {
  /** Put it before everything that is to be protected; `app.use(gate.handler)`. */
  readonly handler: RequestHandler;
  /**
   * For the server's `upgrade` event: judges the upgrade and lets `next` answer it, or refuses.
   * Without it no upgrade is judged: a server that answers upgrades itself must use it.
   */
  upgrade(
    next: (req: IncomingMessage, socket: Duplex, head: Buffer) => void,
  ): (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Closes streams and stores; for when the server has stopped accepting. */
  close(): Promise<void>;
}

/** How the gate is made. */
export interface SallyportOptions {
  /** Where `SALLYPORT_…` overrides come from; `process.env` by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Least level that is logged; the configuration's by default. */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error';
}

/**
 * Makes the gate from a configuration file or from the same as a value. Routes need no `upstream`:
 * one without leads to the application. Throws `ConfigError` with everything that is wrong.
 */
export async function sallyport(
  config: string | object,
  options: SallyportOptions = {},
): Promise<SallyportGate> {
  const reading = readingOf(config, options.environment ?? process.env);
  if (!reading.ok) throw new ConfigError(reading.faults);
  const live = fixedConfig(reading.config);
  const log = createLog({ level: options.logLevel ?? reading.config.logLevel, destination: 1 });
  const composition = await compose(live, { log });
  const { gateway, portal } = composition;
  const stopKeepingHouse = keepHouse(composition);

  return {
    handler(req: Request, res: Response, next: NextFunction) {
      // What the application mounted the gate under is part of the path that is judged.
      const mounted = req.url;
      req.url = req.originalUrl;
      if (gateway.forwardAuth(req, res)) return;
      const request = gateway.receive(req, res, 'middleware');
      if (request === null) return;
      setRequestFacts(req, request);
      if (isPortalRequest(live.current().portal, request)) {
        portal(req, res, next);
        return;
      }
      const parsed = req.headers;
      const goOn = (): void => {
        req.url = mounted;
        keepParsedForm(req, parsed);
        next();
      };
      void gateway.handle({ req, res, request, next: goOn });
    },
    upgrade: (next) => (req, socket, head) => {
      const parsed = req.headers;
      const goOn = (): void => {
        keepParsedForm(req, parsed);
        next(req, socket, head);
      };
      gateway.upgrade({ req, socket, head, next: goOn });
    },
    async close() {
      stopKeepingHouse();
      await gateway.drain(0);
      await composition.close();
    },
  };
}

function readingOf(
  config: string | object,
  environment: Readonly<Record<string, string | undefined>>,
): ConfigReading {
  const load = { environment, upstreams: 'optional', port: null } as const;
  if (typeof config === 'string') return readConfig(path.resolve(config), load);
  return readConfigValue(config, { ...load, shownAs: 'configuration', folder: process.cwd() });
}
