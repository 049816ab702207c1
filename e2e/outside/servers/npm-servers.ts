import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newFolder, npm, versionOf } from '../parts.ts';
import { expectText, type ServerCase } from './server-case.ts';

const official = (name: string): Pick<ServerCase, 'name' | 'version'> => ({
  name,
  version: versionOf(`@modelcontextprotocol/${name}`),
});
const script = async (name: string): Promise<string> =>
  join(await npm('servers'), `@modelcontextprotocol/${name}/dist/index.js`);

const files = newFolder();
const memory = newFolder();
writeFileSync(join(files, 'a.txt'), 'what is in a');

export const NPM_SERVERS: readonly ServerCase[] = [
  {
    ...official('server-everything'),
    tools: 12,
    entry: async () => ({ command: process.execPath, args: [await script('server-everything')] }),
    calls: [
      { tool: 'echo', args: (face) => ({ message: `by ${face}` }), says: /Echo: by / },
      { tool: 'get-sum', args: () => ({ a: 2, b: 40 }), says: /\b42\b/ },
      {
        tool: 'get-tiny-image',
        args: () => ({}),
        check: ({ content }) => {
          const image = content.find(({ type }) => type === 'image');
          if (!image?.data?.startsWith('iVBOR'))
            throw new Error(`no PNG among ${content.map(({ type }) => type).join()}`);
        },
      },
      {
        tool: 'get-structured-content',
        args: () => ({ location: 'New York' }),
        check: ({ structured }) => {
          if (typeof Object(structured).temperature !== 'number')
            throw new Error(`received ${JSON.stringify(structured)}`);
        },
      },
      { tool: 'get-annotated-message', args: () => ({ messageType: 'error', includeImage: false }), says: /\w/ },
      { tool: 'trigger-long-running-operation', args: () => ({ duration: 0.2, steps: 2 }), says: /completed/i },
    ],
    offers: { prompt: 'simple-prompt', resource: 'demo://resource/dynamic/text/1' },
    notes: ['`simulate-research-query` needs tasks'],
  },
  {
    ...official('server-filesystem'),
    tools: 11,
    entry: async () => ({ command: process.execPath, args: [await script('server-filesystem'), files] }),
    calls: [
      { tool: 'read_text_file', args: () => ({ path: join(files, 'a.txt') }), says: /^what is in a/ },
      { tool: 'write_file', args: (face) => ({ path: join(files, `${face}.txt`), content: face }), says: /wrote/i },
      { tool: 'list_directory', args: () => ({ path: files }), says: /\[FILE\] a\.txt/ },
      { tool: 'read_text_file', args: () => ({ path: '/etc/hostname' }), says: /denied|outside/i, isError: true },
    ],
  },
  {
    ...official('server-memory'),
    tools: 9,
    entry: async () => ({
      command: process.execPath,
      args: [await script('server-memory')],
      env: { MEMORY_FILE_PATH: join(memory, 'memory.json') },
      sandbox: { folders: [memory] },
      workers: { min: 1, max: 1 },
    }),
    calls: [
      {
        tool: 'create_entities',
        args: (face) => ({
          entities: [{ name: `Ada ${face}`, entityType: 'person', observations: ['wrote a program'] }],
        }),
        says: /Ada/,
      },
      { tool: 'search_nodes', args: () => ({ query: 'program' }), says: /Ada/ },
      { tool: 'read_graph', args: () => ({}), says: /wrote a program/ },
    ],
    notes: ['replaces its file: in a jail the folder of MEMORY_FILE_PATH has to be in `sandbox.folders`'],
  },
  {
    ...official('server-sequential-thinking'),
    tools: 1,
    entry: async () => ({ command: process.execPath, args: [await script('server-sequential-thinking')] }),
    calls: [
      {
        tool: 'sequentialthinking',
        args: () => ({ thought: 'first', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 }),
        says: /thoughtHistoryLength/,
      },
    ],
    async session(call, own) {
      for (let at = 1; at <= 4; at += 1) {
        const thought = { thought: own, nextThoughtNeeded: at < 4, thoughtNumber: at, totalThoughts: 4 };
        // The server counts the thoughts of its process: another session's must not be among them.
        expectText(await call('sequentialthinking', thought), new RegExp(`"thoughtHistoryLength": ${at}\\b`));
      }
    },
  },
];
