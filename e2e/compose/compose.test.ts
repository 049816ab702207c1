import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { describeJourneys } from '../journeys.ts';
import { SERVICES } from '../../mesh/services.ts';
import { compose, inContainer, mesh } from './containers.ts';

describeJourneys(() => mesh);

describe('a container', () => {
  test.each([...SERVICES.map(({ name }) => name), 'index-proxy'])(
    'of %s runs as a user, cannot write and cannot become more',
    (name) => {
      const script = `
      const { readFileSync, writeFileSync } = require('node:fs');
      const status = readFileSync('/proc/self/status', 'utf8');
      let wrote = 'yes';
      try { writeFileSync('/x', ''); } catch (error) { wrote = error.code; }
      console.log(JSON.stringify({
        uid: process.getuid(), wrote,
        capabilities: /^CapEff:\\s+(\\w+)/m.exec(status)[1],
        noNewPrivileges: /^NoNewPrivs:\\s+(\\d)/m.exec(status)[1],
      }));`;
      expect(inContainer(name, script)).toEqual({
        uid: 1000,
        wrote: 'EROFS',
        capabilities: '0'.repeat(16),
        noNewPrivileges: '1',
      });
    },
  );

  test('of the middleware does not reach the sandbox', () => {
    const script = `fetch('http://sandbox:8001/health', { signal: AbortSignal.timeout(2_000) }).then(() => console.log('true'), () => console.log('false'))`;
    expect(inContainer('middleware', script)).toBe(false);
  });

  test('that is killed takes only its tools with it, and they are back when it is', async () => {
    const chat = () =>
      post(`${mesh.url('middleware')}/chat`, { message: 'Execute: print("Hello") and tell me the time' });
    const statuses = ({ body }: Awaited<ReturnType<typeof chat>>) =>
      body.tool_calls.map(({ status }: { status: string }) => status);
    compose('kill', 'time-client');
    expect(statuses(await chat())).toEqual(['ok', expect.stringMatching(/^(?:error|timeout)$/)]);
    compose('start', 'time-client');
    while ((await request(`${mesh.url('time-client')}/ready`).catch(() => ({ status: 0 }))).status !== 200)
      await sleep(100);
    expect(statuses(await chat())).toEqual(['ok', 'ok']);
  });
});
