/**
 * Loads a configuration: reads the file, lays the environment over it, holds it against the schema,
 * reads the policy file, and compiles. All faults are found before anything is said.
 */

import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';

import { draftOf } from './checks/draft.ts';
import { isLoopback, readOrigin } from './checks/origins.ts';
import { compile } from './compile.ts';
import type { Config } from './config.ts';
import { ConfigError, faultAt, inReadingOrder, type Fault } from './faults.ts';
import { readMfaPolicy } from './mfa-policy.ts';
import { configSchema, type WrittenConfig } from './schema.ts';
import { withEnvironment, type Environment } from './source/environment.ts';
import { placeOf, type PlaceNode } from './source/places.ts';
import { fit } from './source/shape-faults.ts';
import { readYaml, type YamlSource } from './source/yaml-source.ts';

/** How a configuration is loaded. */
export interface LoadOptions {
  /** Where overrides come from; `{}` for none. */
  readonly environment: Environment;
  /** `optional` in the middleware, where the application itself is behind the gate. */
  readonly upstreams: 'required' | 'optional';
  /** In place of the port of `server.listen`, and of public addresses that repeat it. */
  readonly port: number | null;
}

/** A configuration, or everything that is wrong with it. */
export type ConfigReading =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Reads a configuration file. Relative paths in it begin at its folder. */
export function readConfig(file: string, options: LoadOptions): ConfigReading {
  const text = readText(file);
  if (!text.ok) return text;
  return readSource(readYaml(text.text, file), {
    ...options,
    shownAs: file,
    file: path.resolve(file),
    folder: path.dirname(path.resolve(file)),
  });
}

/** Reads a configuration that is given as a value; `shownAs` stands for the file in faults. */
export function readConfigValue(
  value: unknown,
  options: LoadOptions & { readonly shownAs: string; readonly folder: string },
): ConfigReading {
  const start = { file: options.shownAs, line: 1, column: 1 };
  const places: PlaceNode = { key: null, value: start, children: new Map() };
  return readSource({ value, places, faults: [] }, { ...options, file: null });
}

/** Reads a configuration file, or throws `ConfigError`: for who can only give up. */
export function loadConfig(file: string, options: LoadOptions): Config {
  const reading = readConfig(file, options);
  if (!reading.ok) throw new ConfigError(reading.faults);
  return reading.config;
}

interface SourceOptions extends LoadOptions {
  readonly shownAs: string;
  readonly file: string | null;
  readonly folder: string;
}

function readSource(written: YamlSource, options: SourceOptions): ConfigReading {
  const { shownAs, folder } = options;
  // What is left of a file that is no YAML would only make for misleading faults.
  if (written.faults.length > 0) return wrong(written.faults, shownAs);
  const filled = written.value === null ? { ...written, value: {} } : written;
  const source = withEnvironment(filled, options.environment, configSchema);
  const faults: Fault[] = [...source.faults];
  const fitted = fit(configSchema, source.value, source.places);
  faults.push(...fitted.faults);
  if (fitted.value === null) return wrong(faults, shownAs);

  const value = options.port === null ? fitted.value : withPort(fitted.value, options.port);
  const policy = readPolicy(value, { ...options, places: source.places });
  faults.push(...policy.faults);
  const draft = draftOf({ ...fitted, value }, { places: source.places, folder, faults });
  const config = compile(draft, {
    file: options.file,
    policy: policy.policy,
    upstreams: options.upstreams,
  });
  if (config === null || faults.length > 0) return wrong(faults, shownAs);
  return { ok: true, config };
}

function wrong(faults: readonly Fault[], firstFile: string): ConfigReading {
  return { ok: false, faults: inReadingOrder(faults, firstFile) };
}

function readPolicy(
  { policy }: WrittenConfig,
  { folder, shownAs, places }: SourceOptions & { readonly places: PlaceNode },
) {
  const shownFolder = path.dirname(shownAs);
  const shown = path.isAbsolute(policy.file) ? policy.file : path.join(shownFolder, policy.file);
  const reading = readMfaPolicy(path.resolve(folder, policy.file), shown);
  if (reading?.ok === true) return { policy: reading.policy, faults: [] };
  if (reading !== null) return { policy: null, faults: reading.faults };
  const message = `policy.file: the policy file ${shown} cannot be read; write the path of one`;
  return { policy: null, faults: [faultAt(placeOf(places, ['policy', 'file']), message)] };
}

type Text =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly faults: readonly Fault[] };

const bytesMax = 4 * 1024 * 1024;

function readText(file: string): Text {
  const refuse = (message: string): Text => ({
    ok: false,
    faults: [{ file, line: 1, column: 1, message }],
  });
  let bytes: Buffer;
  try {
    if (statSync(file).size > bytesMax) return refuse('this file is too large; the limit is 1 MiB');
    bytes = readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return refuse('there is no such file');
    if (code === 'EISDIR') return refuse('this is a folder; name the file in it');
    return refuse('this file cannot be read; check its permissions');
  }
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return refuse('this file is not text in UTF-8');
  }
}

/** On a loopback address people type the port of the listener, so that it moves with it. */
function withPort(written: WrittenConfig, port: number): WrittenConfig {
  const { server, portal } = written;
  const moved = (url: string): string => {
    const reading = readOrigin(url, '');
    if (!reading.ok || !isLoopback(reading.origin.host)) return url;
    if (reading.origin.port !== server.listen.port) return url;
    const address = new URL(url);
    address.port = String(port);
    return address.origin + (reading.origin.path === '/' ? '' : reading.origin.path);
  };
  return {
    ...written,
    server: {
      ...server,
      listen: { ...server.listen, port },
      publicUrl: server.publicUrl === undefined ? undefined : moved(server.publicUrl),
    },
    portal: { ...portal, url: portal.url === null ? null : moved(portal.url) },
  };
}
