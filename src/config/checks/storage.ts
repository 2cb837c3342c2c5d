/** Storage: where the database, the sessions and the key are. */

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';

import { Secret } from '../../platform/secret.ts';
import type { Config } from '../config.ts';
import type { Draft } from './draft.ts';

/** Reads the `storage` section, or null when something in it is wrong. */
export function compileStorage(draft: Draft): Config['storage'] | null {
  const database = readDatabase(draft);
  const sessions = readSessions(draft);
  const encryptionKeyFile = readEncryptionKeyFile(draft);
  if (database === null || sessions === null || encryptionKeyFile === null) return null;
  return { database, sessions, encryptionKeyFile };
}

function readDatabase(draft: Draft): Config['storage']['database'] | null {
  const { database } = draft.written.storage;
  const at = ['storage', 'database'];
  if (database.startsWith('sqlite:')) {
    const file = database.slice('sqlite:'.length);
    if (file === '' || file.startsWith(':') || file.startsWith('//')) {
      draft.report(
        at,
        'write the path of a file after sqlite:, such as sqlite:./data/sallyport.db',
      );
      return null;
    }
    return { kind: 'sqlite', file: path.resolve(draft.folder, file) };
  }
  const isPostgres = /^postgres(?:ql)?:\/\/[^/]/.test(database) && URL.canParse(database);
  if (isPostgres) return { kind: 'postgres', url: new Secret(database) };
  // The value may hold a password, so it is not repeated.
  draft.report(at, 'write sqlite:FILE or postgres://user@host/database');
  return null;
}

/** Several hosts with commas between them make it no URL by the standard. */
const sentinelUrl =
  /^rediss?\+sentinel:\/\/(?:[^:@/]*(?::[^@/]*)?@)?[^\s/@,]+(?:,[^\s/@,]+)*(?:\/[^/?]*)?(?:\/\d+)?$/;

type SessionStorage = Config['storage']['sessions'];

function readSessions(draft: Draft): SessionStorage | null {
  const { sessions } = draft.written.storage;
  const at = ['storage', 'sessions'];
  if (sessions === 'database') return { kind: 'database' };
  const isList = typeof sessions !== 'string';
  const urls = isList ? sessions : [sessions];
  const isSentinel = urls.every((url) => /^rediss?\+sentinel:/.test(url));

  let isRight = true;
  for (const [index, url] of urls.entries()) {
    const place = isList ? [...at, index] : at;
    if (isSentinel ? sentinelUrl.test(url) : /^rediss?:/.test(url) && URL.canParse(url)) continue;
    draft.report(place, 'write database, redis://host:6379/0, rediss://… or redis+sentinel://…');
    isRight = false;
  }
  if (!isRight) return null;
  const mode = isSentinel ? 'sentinel' : isList ? 'cluster' : 'single';
  return { kind: 'redis', urls: urls.map((url) => new Secret(url)), mode };
}

/** 32 bytes as hexadecimal or Base64. */
const looksLikeKey = /^(?:[0-9a-f]{64}|[A-Za-z0-9+/_-]{43}=?)$/i;

function readEncryptionKeyFile(draft: Draft): string | null {
  const written = draft.written.storage.encryptionKeyFile;
  const at = ['storage', 'encryptionKeyFile'];
  const file = path.resolve(draft.folder, written);
  if (!existsSync(file)) {
    if (!looksLikeKey.test(written)) return file;
    draft.report(at, 'this looks like the key itself; put it into a file and write its path here');
    return null;
  }
  if (statSync(file).isFile()) return file;
  draft.report(at, 'this is not a file; write the path of the key file');
  return null;
}
