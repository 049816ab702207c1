import { expect, test } from '@jest/globals';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { checkUpstreams } from '../upstreams.ts';

test('tells why upstreams are down, and which parts of others are mended or left out', async () => {
  const upstreams = {
    good: { kind: 'url', status: 'up', breaker: 'closed', tools: 2 },
    away: { kind: 'command', status: 'down', breaker: 'closed', tools: 0, last_error: 'exited with code 3: no token' },
    odd: {
      kind: 'url',
      status: 'up',
      breaker: 'closed',
      tools: 1,
      defects: [
        { kind: 'tool', name: 'a\u001b', reason: 'inputSchema: must be an object', action: 'left_out' },
        { kind: 'list', name: 'prompts/list', reason: 'backend needs login', action: 'left_out' },
      ],
    },
  };
  const { url } = endWithTest(
    await serveRaw((_req, res) => {
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify({ upstreams }));
    }),
  );
  const findings = await checkUpstreams(
    [{ name: 'mcp-server', url, state: 'running', port: 0, health: {} }],
    undefined,
  );
  expect(findings.map(({ level, says }) => [level, says])).toEqual([
    ['ok', 'good is up with 2 tools'],
    ['wrong', 'away is down: exited with code 3: no token'],
    [
      'warning',
      'odd is up with 1 tools, and 2 of its parts are mended or left out: tool "a\\u001b" left out: inputSchema: must be an ' +
        'object; list "prompts/list" left out: backend needs login',
    ],
  ]);
});
