import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';

/** Lists of an MCP server, by their names alone. */
export interface Names {
  readonly tools?: readonly string[];
  readonly prompts?: readonly string[];
  readonly resources?: readonly string[];
  readonly templates?: readonly string[];
  /** Of all its tools. */
  readonly annotations?: object;
  /** Further fields of all its tools. */
  readonly fields?: object;
}

/**
 * An MCP server of 2026-07-28 whose lists change while it runs, and which answers everything with its own name. It always
 * has the tool `wake_NAME`: a call of that shows the hub at once that it is away.
 */
export interface ChangingServer {
  readonly url: string;
  /** Refuses everything from now on, as one that is restarting. */
  leave(): void;
  /** Answers nothing from now on, as one that starts slowly, until it offers something. */
  hold(): void;
  /** Answers from now on, with these lists. */
  offer(names: Names): void;
}

const CACHED = { ttlMs: 0, cacheScope: 'private' };
const CAPABILITIES = { tools: {}, prompts: {}, resources: {}, completions: {} };

function listsOf(names: Names): Record<string, object> {
  const { tools = [], prompts = [], resources = [], templates = [], annotations = {}, fields = {} } = names;
  return {
    'server/discover': { supportedVersions: ['2026-07-28'], capabilities: CAPABILITIES },
    'tools/list': { tools: tools.map((name) => ({ name, inputSchema: { type: 'object' }, annotations, ...fields })) },
    'prompts/list': { prompts: prompts.map((name) => ({ name })) },
    'resources/list': { resources: resources.map((uri) => ({ uri, name: uri })) },
    'resources/templates/list': {
      resourceTemplates: templates.map((uriTemplate) => ({ uriTemplate, name: uriTemplate })),
    },
  };
}

export async function serveChanging(said: string, first: Names): Promise<ChangingServer> {
  const withWake = (names: Names) => listsOf({ ...names, tools: [`wake_${said}`, ...(names.tools ?? [])] });
  let lists: Record<string, object> | undefined = withWake(first);
  let held: PromiseWithResolvers<void> | undefined;
  const answers: Record<string, (params: { uri?: string; name?: string }) => object> = {
    'tools/call': ({ name }) => ({ content: [{ type: 'text', text: said }], structuredContent: { said, name } }),
    'prompts/get': () => ({ messages: [{ role: 'user', content: { type: 'text', text: said } }] }),
    'resources/read': ({ uri }) => ({ contents: [{ uri, text: said }], ...CACHED }),
    'completion/complete': () => ({ completion: { values: [said] } }),
  };
  const { url } = endWithTest(
    await serveRaw((req, res) => {
      let text = '';
      req.on('data', (chunk: Buffer) => (text += chunk.toString()));
      const answer = (): void => {
        if (lists === undefined) return void res.writeHead(500).end();
        const { id, method, params = {} } = JSON.parse(text || '{}');
        const list = lists[method];
        const result = list === undefined ? answers[method]?.(params) : { ...list, ...CACHED };
        res.setHeader('content-type', 'application/json');
        res.end(JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', ...result } }));
      };
      req.on('end', () => void (held === undefined ? answer() : held.promise.then(answer)));
    }),
  );
  return {
    url,
    leave: () => void (lists = undefined),
    hold: () => void (held = Promise.withResolvers()),
    offer(names) {
      lists = withWake(names);
      held?.resolve();
      held = undefined;
    },
  };
}
