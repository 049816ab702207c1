import { askJson } from '../ask-json.ts';

/** Returns what a user is shown once the mesh runs: its addresses, its model and how it isolates programs. */
export async function describeMesh(urlOf: (service: string) => string): Promise<string> {
  const [agent, sandbox, degraded] = await Promise.all([
    healthOf(urlOf('middleware')),
    healthOf(urlOf('sandbox')),
    degradedUpstreams(urlOf('mcp-server')),
  ]);
  const { llm }: { llm?: unknown } = Object(agent['services']);
  const { provider, reason }: { provider?: unknown; reason?: unknown } = Object(llm);
  const jailed: Readonly<Record<string, unknown>> = { ...Object(sandbox['jailed']) };
  const levels = Object.entries(Object(sandbox['isolation'])).map(
    ([language, level]) => `${language}: ${String(level)}${jailed[language] === false ? ' without a jail' : ''}`,
  );
  const without = degraded.map(({ name, detail }) => `  Degraded   ${name} (${detail})\n`).join('');
  return `
  Toolmesh is ready.

  Page       ${urlOf('middleware')}
  Chat       curl -s ${urlOf('middleware')}/chat -H 'content-type: application/json' \\
               -d '{"message":"Execute: print(\\"Hello\\") and tell me the time"}'
  MCP        ${urlOf('mcp-server')}/mcp
  API        ${urlOf('middleware')}/docs
  Model      ${textOf(provider)} (${textOf(reason)})
  Sandbox    ${levels.join(', ')}
${without}
  Ctrl-C stops it.
`;
}

/** Returns the upstreams that the hub is ready without, or has only a part of, each with the reason. */
export async function degradedUpstreams(hubUrl: string): Promise<readonly { name: string; detail: string }[]> {
  const answer = await askJson(`${hubUrl}/ready`);
  const checks = Object.entries(Object('body' in answer ? answer.body['checks'] : {}));
  return checks.flatMap(([name, check]) => {
    const { status, detail }: { status?: unknown; detail?: unknown } = Object(check);
    return status === 'degraded' ? [{ name, detail: textOf(detail) }] : [];
  });
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : 'unknown');

async function healthOf(url: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = await askJson(`${url}/health`);
  return 'body' in answer ? answer.body : {};
}
