/** Sentinel addresses, as storage.sessions names them. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { parseSentinelUrls } from '../../../src/stores/sessions/sentinel-urls.ts';

describe('a sentinel address', () => {
  test('names sentinels, the primary, its database and its credentials', () => {
    assert.deepEqual(
      parseSentinelUrls(['rediss+sentinel://anna:p%40ss@one:26000,[::1]:26001,three/main/4']),
      {
        nodes: [
          { host: 'one', port: 26_000 },
          { host: '::1', port: 26_001 },
          { host: 'three', port: 26_379 },
        ],
        primary: 'main',
        database: 4,
        credentials: { username: 'anna', password: 'p@ss' },
        isTls: true,
      },
    );
  });

  test('needs no more than a host', () => {
    assert.deepEqual(parseSentinelUrls(['redis+sentinel://one']), {
      nodes: [{ host: 'one', port: 26_379 }],
      primary: 'mymaster',
      database: 0,
      credentials: {},
      isTls: false,
    });
  });

  test('may come as a list of them', () => {
    const { nodes } = parseSentinelUrls(['redis+sentinel://one/main', 'redis+sentinel://two/main']);
    assert.deepEqual(
      nodes.map(({ host }) => host),
      ['one', 'two'],
    );
  });

  for (const wrong of ['redis://one', 'redis+sentinel://', 'redis+sentinel://a:b:c/x', 'x']) {
    test(`is refused when it reads ${wrong}`, () => {
      assert.throws(() => parseSentinelUrls([wrong]), { name: 'AssertionError' });
    });
  }

  test('is refused without repeating the password', () => {
    assert.throws(
      () => parseSentinelUrls(['redis+sentinel://anna:hunter2@one/x/y/z']),
      (error: Error) => !error.message.includes('hunter2'),
    );
  });
});
