/** A real nginx on free ports, with a configuration file of ours. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { run, start } from './run.ts';

/** An nginx that answers. */
export interface Nginx {
  stop(): Promise<void>;
}

/** Writes the configuration into the folder, starts nginx with it and waits until it answers. */
export async function startNginx(options: {
  readonly folder: string;
  readonly configuration: string;
  /** A port that it listens on once it is ready. */
  readonly port: number;
}): Promise<Nginx> {
  const { folder, configuration, port } = options;
  const file = path.join(folder, 'nginx.conf');
  writeFileSync(file, configuration);
  const nginx = start('/usr/sbin/nginx', [
    '-p',
    folder,
    '-c',
    file,
    '-e',
    'stderr',
    '-g',
    'daemon off;',
  ]);
  while (!(await isListening(port))) {
    assert.equal(nginx.process.exitCode, null, nginx.output().stderr);
    await pause(20);
  }
  return {
    stop: async () => {
      await nginx.stop('SIGQUIT');
    },
  };
}

/** Makes a certificate for the names, signed by itself. */
export async function makeCertificate(
  folder: string,
  names: readonly string[],
): Promise<{ readonly certFile: string; readonly keyFile: string }> {
  const certFile = path.join(folder, 'tls.pem');
  const keyFile = path.join(folder, 'tls.key');
  const purpose = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2'.split(' ');
  const alternatives = `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`;
  const subject = ['-subj', `/CN=${names[0] ?? ''}`, '-addext', alternatives];
  const files = ['-keyout', keyFile, '-out', certFile];
  const made = await run('openssl', [...purpose, ...subject, ...files]);
  assert.equal(made.code, 0, made.stderr);
  return { certFile, keyFile };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
