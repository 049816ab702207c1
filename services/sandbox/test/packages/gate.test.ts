import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { type Gate, GATE_ORIGIN, openGate } from '../../src/packages/resolve/gate.ts';
import { Refusal } from '../../src/packages/refusal.ts';

let gate: Gate;
afterEach(() => gate.close());

const open = async (): Promise<Gate> => {
  gate = await openGate(async (path) => {
    if (path !== '/simple/zq/') throw new Refusal('not_found', `There is no ${path}`);
    return { contentType: 'text/plain', body: 'page' };
  });
  return gate;
};

/** Asks as a client of a proxy does. */
async function ask(url: string): Promise<number | undefined> {
  const { hostname, port } = new URL(gate.proxyUrl);
  const [response] = await once(request({ hostname, port, path: url }).end(), 'response');
  response.resume();
  return response.statusCode;
}

test('answers for the index', async () => {
  await open();
  expect(await ask(`${GATE_ORIGIN}/simple/zq/`)).toBe(200);
  expect(gate.refused.aborted).toBe(false);
});

test.each(['http://127.0.0.1:8001/execute', 'http://169.254.169.254/latest', 'http://pypi.org/simple/zq/'])(
  'does not let a resolver reach %s, and reports it',
  async (url) => {
    await open();
    expect(await ask(url)).toBe(404);
    expect(gate.refused.reason).toMatchObject({
      reason: { code: 'suspicious', message: expect.stringContaining(new URL(url).host) },
    });
  },
);

test('opens no tunnel', async () => {
  await open();
  const socket = connect(Number(new URL(gate.proxyUrl).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write('CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n');
  await once(socket, 'close');
  expect(gate.refused.reason).toMatchObject({ reason: { code: 'suspicious' } });
});

test('keeps the first reason for which something was refused', async () => {
  await open();
  expect(await ask(`${GATE_ORIGIN}/simple/missing/`)).toBe(404);
  expect(await ask('http://evil.example/')).toBe(404);
  expect(gate.refused.reason).toMatchObject({ reason: { code: 'not_found' } });
});
