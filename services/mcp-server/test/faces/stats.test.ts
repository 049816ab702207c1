import { describe, expect, test } from '@jest/globals';
import { loadConfig, serviceConfig } from '@toolmesh/shared/kit/service/config';
import { createApp } from '@toolmesh/shared/kit/http/app';
import { listen } from '@toolmesh/shared/kit/http/listen';
import { createLogger } from '@toolmesh/shared/kit/telemetry/logger';
import { createMetrics } from '@toolmesh/shared/kit/telemetry/metrics';
import { request } from '@toolmesh/shared/test-kit/requests';
import { createCallStatistics } from '../../src/faces/call-statistics.ts';
import { statsRoutes, type UpstreamStats } from '../../src/faces/stats.ts';

const WORKERS = {
  min: 1,
  max: 2,
  total: 0,
  busy: 0,
  idle: 0,
  restarts: 3,
  queue_depth: 0,
  sessions: 0,
  sessions_given_up: 0,
};

describe('call statistics', () => {
  test('tell the percentiles of the last calls of each tool, by the nearest rank', () => {
    let time = 0;
    const calls = createCallStatistics({ windowSize: 100, now: () => time });
    const took = (ms: number, name = 'a'): void => {
      const end = calls.startCall(name);
      time += ms;
      end('success');
    };
    for (let ms = 1; ms <= 50; ms += 1) took(10_000);
    // These fill the window: the slow ones before them are forgotten.
    for (let ms = 100; ms >= 1; ms -= 1) took(ms);
    took(0.123_456, 'b');
    expect(calls.snapshot()).toEqual({
      requests: { total: 151, active: 0, failed: 0 },
      tools: {
        a: { calls: 150, errors: 0, p50_ms: 50, p95_ms: 95, p99_ms: 99 },
        b: { calls: 1, errors: 0, p50_ms: 0.123, p95_ms: 0.123, p99_ms: 0.123 },
      },
    });
  });

  test('count what runs, what ran and failed, and what did not run', () => {
    const calls = createCallStatistics();
    calls.startCall('a')('error');
    const end = calls.startCall('a');
    calls.startCall('a');
    end('failed');
    end('failed');
    expect(calls.snapshot()).toMatchObject({
      requests: { total: 3, active: 1, failed: 1 },
      tools: { a: { calls: 2, errors: 2 } },
    });
  });

  test('forget the tools that were called longest ago when there are too many', () => {
    const calls = createCallStatistics({ maxTools: 2 });
    for (const name of ['a', 'b', 'a', 'c']) calls.startCall(name)('success');
    expect(Object.keys(calls.snapshot().tools)).toEqual(['a', 'c']);
    expect(calls.snapshot().requests.total).toBe(4);
  });
});

test('GET / and GET /stats tell what there is and how it is', async () => {
  const upstreams: UpstreamStats[] = [
    { name: 'time', kind: 'url', status: 'up', breaker: 'closed', tools: 1 },
    {
      name: 'git',
      kind: 'command',
      status: 'down',
      breaker: 'open',
      tools: 0,
      lastError: 'there is no program "uvx"',
      workers: WORKERS,
    },
  ];
  const calls = createCallStatistics();
  calls.startCall('a')('success');
  const config = loadConfig(serviceConfig(0, {}), {});
  const routes = statsRoutes({ tools: () => 1, sets: () => ['dev'], upstreams: () => upstreams, calls });
  const logger = createLogger({ service: 'test', level: 'silent' });
  const server = await listen(createApp({ service: 'test', config, logger, metrics: createMetrics(), routes }), {
    port: 0,
  });
  try {
    expect((await request(`${server.url}/`)).body).toMatchObject({
      name: 'toolmesh',
      version: expect.any(String),
      endpoints: { mcp: '/mcp', websocket: 'WS /ws/tools/{name}' },
      counts: { tools: 1, upstreams: 2, upstreams_up: 1 },
    });
    expect((await request(`${server.url}/stats`)).body).toEqual({
      uptime_seconds: expect.any(Number),
      requests: { total: 1, active: 0, failed: 0 },
      tools: {
        a: { calls: 1, errors: 0, p50_ms: expect.any(Number), p95_ms: expect.any(Number), p99_ms: expect.any(Number) },
      },
      upstreams: {
        time: { kind: 'url', status: 'up', breaker: 'closed', tools: 1 },
        git: {
          kind: 'command',
          status: 'down',
          breaker: 'open',
          tools: 0,
          last_error: 'there is no program "uvx"',
          workers: WORKERS,
        },
      },
    });
  } finally {
    await server.stop(0);
  }
});
