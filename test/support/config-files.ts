/** Configurations for tests: written into a folder that is gone afterwards, and read back. */

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/faults.ts';
import { readConfig, type ConfigReading, type LoadOptions } from '../../src/config/load.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** The operator's real policy file, as it stands. */
export const operatorPolicy = readFileSync(
  path.join(import.meta.dirname, '../../config/mfa-policy.yaml'),
  'utf8',
);

/** A configuration that is right and as short as it can be. */
export const smallest = 'server: { publicUrl: https://console.example.com }\n';

/** How a test reads a configuration; what is not said is as on an operator's machine. */
export interface Reading extends Partial<LoadOptions> {
  /** Files beside the configuration; the policy is there unless it is null. */
  readonly files?: Readonly<Record<string, string | null>>;
}

/** Reads a configuration from a text, as `sallyport.yaml` in a folder of its own. */
export function readingOf(yaml: string, { files = {}, ...options }: Reading = {}): ConfigReading {
  const folder = temporaryFolder();
  try {
    const all = { 'sallyport.yaml': yaml, 'mfa-policy.yaml': operatorPolicy, ...files };
    for (const [name, text] of Object.entries(all)) {
      if (text !== null) writeFileSync(path.join(folder.path, name), text);
    }
    const reading = readConfig(path.join(folder.path, 'sallyport.yaml'), {
      environment: {},
      upstreams: 'required',
      port: null,
      ...options,
    });
    return reading.ok ? reading : { ok: false, faults: withoutFolder(reading.faults, folder.path) };
  } finally {
    folder.remove();
  }
}

/** What is wrong with a configuration, as lines; none when it is right. */
export function faultsOf(yaml: string, reading: Reading = {}): readonly string[] {
  const read = readingOf(yaml, reading);
  return read.ok ? [] : new ConfigError(read.faults).message.split('\n');
}

/** A configuration that must be right. */
export function configOf(yaml: string, reading: Reading = {}): Config {
  const read = readingOf(yaml, reading);
  if (!read.ok) throw new ConfigError(read.faults);
  return read.config;
}

function withoutFolder(
  faults: Extract<ConfigReading, { ok: false }>['faults'],
  folder: string,
): Extract<ConfigReading, { ok: false }>['faults'] {
  return faults.map((fault) => ({
    ...fault,
    file: fault.file.replace(`${folder}/`, ''),
    message: fault.message.replaceAll(`${folder}/`, ''),
  }));
}
