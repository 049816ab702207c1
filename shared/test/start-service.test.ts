import { afterEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, serviceConfig } from '../kit/service/config.ts';
import { defineService } from '../kit/service/define-service.ts';
import { defineRoute } from '../kit/http/route.ts';
import { defineToolService } from '../kit/service/tool-service.ts';
import { defineTool } from '../kit/tools/tool.ts';
import { request } from '../test-kit/requests.ts';
import { serveInProcess } from '../test-kit/serve-in-process.ts';

const events: string[] = [];
afterEach(() => {
  events.length = 0;
});

const greeter = defineService({
  name: 'greeter',
  config: serviceConfig(0, { GREETING: z.string().default('hello') }),
  build: ({ config, env }) => ({
    routes: [
      defineRoute({
        method: 'get',
        path: '/greet',
        handle: () => ({ greeting: config.GREETING, passedOn: env['UNKNOWN_HERE'] ?? null }),
      }),
    ],
    started: () => void events.push('started'),
    reload: () => void events.push('reloaded'),
    stopping: async () => void events.push('stopping'),
    close: () => void events.push('closed'),
  }),
});

const adder = defineToolService({
  name: 'adder',
  config: serviceConfig(0, {}),
  build: () => ({
    tools: [
      defineTool({
        name: 'add',
        description: 'Adds.',
        input: z.object({ a: z.number(), b: z.number() }),
        output: z.object({ sum: z.number() }),
        run: ({ a, b }) => ({ sum: a + b }),
      }),
    ],
  }),
});

describe('a service in this process', () => {
  test('reads its settings from what it is given, and from nothing else', async () => {
    const service = await serveInProcess(greeter, { GREETING: 'good day', UNKNOWN_HERE: 'yes' });
    expect((await request(`${service.url}/greet`)).body).toEqual({ greeting: 'good day', passedOn: 'yes' });
    await service.stop();
  });

  test('runs beside others and beside itself, with counters, logs and stops of its own', async () => {
    const [one, two, other] = await Promise.all([
      serveInProcess(greeter, { GREETING: 'one' }),
      serveInProcess(greeter, { GREETING: 'two' }),
      serveInProcess(adder),
    ]);
    expect((await request(`${one.url}/greet`)).body.greeting).toBe('one');
    expect((await request(`${two.url}/greet`)).body.greeting).toBe('two');
    const counted = /http_requests_total\{method="GET",route="\/greet",status="200"\} 1/;
    expect((await request(`${one.url}/metrics`)).body).toMatch(counted);
    expect((await request(`${other.url}/metrics`)).body).not.toMatch(counted);
    await one.stop();
    await expect(request(`${one.url}/greet`)).rejects.toThrow('fetch failed');
    expect((await request(`${two.url}/greet`)).status).toBe(200);
    expect(other.log.every(({ service }) => service === 'adder')).toBe(true);
    await Promise.all([two.stop(), other.stop()]);
  });

  test('starts, reloads, stops and closes in this order, and stops once however often it is asked', async () => {
    const service = await serveInProcess(greeter);
    service.reload();
    await Promise.all([service.stop(), service.stop()]);
    await service.stop();
    expect(events).toEqual(['started', 'reloaded', 'stopping', 'closed']);
    expect(service.log.filter(({ message }) => message === 'stopped')).toHaveLength(1);
  });

  test('listens to no signal', async () => {
    const listeners = () => (['SIGTERM', 'SIGINT', 'SIGHUP'] as const).map((signal) => process.listenerCount(signal));
    const before = listeners();
    const service = await serveInProcess(greeter);
    expect(listeners()).toEqual(before);
    await service.stop();
  });

  test('rejects when its settings are wrong, with all of them', async () => {
    const start = serveInProcess(greeter, { PORT: 'many', LOG_LEVEL: 'loud' });
    await expect(start).rejects.toThrow(ConfigError);
    await expect(start).rejects.toThrow(/PORT: .*\nLOG_LEVEL: /s);
  });

  test('gives back what it has built when its port is taken', async () => {
    const first = await serveInProcess(greeter);
    await expect(serveInProcess(greeter, { PORT: String(first.port) })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(events).toEqual(['started', 'closed']);
    await first.stop();
  });
});
