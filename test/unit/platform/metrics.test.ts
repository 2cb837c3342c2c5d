/** The metrics of contract section 9. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMetrics } from '../../../src/platform/metrics.ts';

describe('the metrics', () => {
  test('count under the names of the contract', async () => {
    const metrics = createMetrics({ countActiveSessions: async () => 7 });
    metrics.decided({ decision: 'allow', reason: 'assurance-met', route: 'console' });
    metrics.decided({ decision: 'allow', reason: 'assurance-met', route: 'console' });
    metrics.authenticated('totp', 'wrong-code');
    metrics.requestTook('console', 0.02);
    metrics.upstreamTook('console', 0.01);
    metrics.countOpenStreamsBy(() => 3);
    metrics.storeFailed();
    metrics.audited('request.denied', 'notice');

    const { text, contentType } = await metrics.read();

    assert.match(contentType, /^text\/plain/);
    for (const line of [
      'sallyport_decisions_total{decision="allow",reason="assurance-met",route="console"} 2',
      'sallyport_authentications_total{method="totp",outcome="wrong-code"} 1',
      'sallyport_request_duration_seconds_count{route="console"} 1',
      'sallyport_upstream_duration_seconds_count{route="console"} 1',
      'sallyport_active_sessions 7',
      'sallyport_open_streams 3',
      'sallyport_store_errors_total 1',
      'sallyport_audit_events_total{type="request.denied",severity="notice"} 1',
    ]) {
      assert.ok(text.split('\n').includes(line), line);
    }
  });

  test('can be read while the sessions cannot be counted', async () => {
    const counts = [async () => 7, () => Promise.reject(new Error('store is away'))];
    const metrics = createMetrics({
      countActiveSessions: () => counts.shift()?.() ?? Promise.resolve(0),
    });
    await metrics.read();
    assert.match((await metrics.read()).text, /^sallyport_active_sessions 7$/m);
  });
});
