import { setTimeout as sleep } from 'node:timers/promises';
import { type FixtureTools, text } from './fixture-tool.ts';

/** One red pixel. */
export const IMAGE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
/** A WAV file without a sound. */
export const AUDIO = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';

export const image = { type: 'image', data: IMAGE, mimeType: 'image/png' };
export const embedded = (uri: string, mimeType: string, said: string) => ({
  type: 'resource',
  resource: { uri, mimeType, text: said },
});

/** Of the suite's scenario json-schema-2020-12. */
const RICH_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

/** Tools that ask nothing: content of every kind, progress, log messages, errors, changes. */
export const PLAIN_TOOLS: FixtureTools = {
  test_simple_text: {
    description: 'Returns text',
    annotations: { readOnlyHint: true },
    run: () => text('This is a simple text response for testing.'),
  },
  test_image_content: { description: 'Returns an image', run: () => ({ content: [image] }) },
  test_audio_content: {
    description: 'Returns a sound',
    run: () => ({ content: [{ type: 'audio', data: AUDIO, mimeType: 'audio/wav' }] }),
  },
  test_embedded_resource: {
    description: 'Returns a resource',
    run: () => ({
      content: [embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
    }),
  },
  test_multiple_content_types: {
    description: 'Returns content of several types',
    run: () => ({
      content: [
        { type: 'text', text: 'Multiple content types test:' },
        image,
        embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
      ],
    }),
  },
  test_structured_content: {
    description: 'Returns structured content, and fields that no revision has',
    outputSchema: { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] },
    run: () => ({ ...text('3'), structuredContent: { sum: 3, extra: [null] }, vendorField: { kept: true } }),
  },
  test_structured_list: {
    description: 'Returns structured content that is no object, which 2026-07-28 allows',
    outputSchema: { type: 'array', items: { type: 'number' } },
    run: () => ({ ...text('1, 2'), structuredContent: [1, 2] }),
  },
  test_error_handling: {
    description: 'Fails',
    run: () => ({ ...text('This tool intentionally returns an error for testing'), isError: true }),
  },
  test_tool_with_logging: {
    description: 'Logs while it runs',
    async run({ context: { mcpReq } }) {
      for (const said of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
        await mcpReq.log('info', said);
        await sleep(50);
      }
      return text('logged');
    },
  },
  test_logging_tool: {
    description: 'Logs at several levels',
    async run({ context: { mcpReq } }) {
      await mcpReq.log('debug', 'in detail');
      await mcpReq.log('error', 'in earnest');
      return text('logged');
    },
  },
  test_tool_with_progress: {
    description: 'Tells how far it is',
    async run({ context: { mcpReq } }) {
      const progressToken = mcpReq._meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined) {
          const params = { progressToken, progress, total: 100, message: `${progress} of 100` };
          await mcpReq.notify({ method: 'notifications/progress', params });
        }
        await sleep(50);
      }
      return text('done');
    },
  },
  test_reconnection: {
    description: 'Closes the stream of its own call; the result waits for whoever comes back',
    async run({ context }) {
      context.http?.closeSSE?.();
      await sleep(100);
      return text('The result came over a later stream.');
    },
  },
  test_until_cancelled: {
    description: 'Runs until it is cancelled',
    async run({ context: { mcpReq } }) {
      const { promise, resolve } = Promise.withResolvers<void>();
      mcpReq.signal.addEventListener('abort', () => resolve(), { once: true });
      const progressToken = mcpReq._meta?.progressToken;
      if (progressToken !== undefined) {
        await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
      }
      await promise;
      return text('cancelled');
    },
  },
  test_x_mcp_header: {
    description: 'Takes an argument that travels as a header, too',
    inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } },
    run: ({ args }) => text(`region: ${String(args['region'])}`),
  },
  test_trigger_tool_change: {
    description: 'Changes the list of tools',
    async run({ changeTools }) {
      await changeTools();
      return text('changed');
    },
  },
  test_trigger_prompt_change: {
    description: 'Changes the list of prompts',
    async run({ changePrompts }) {
      await changePrompts();
      return text('changed');
    },
  },
  test_trigger_resource_update: {
    description: 'Tells that the watched resource has changed',
    async run({ updateResource }) {
      await updateResource('test://watched-resource');
      return text('told');
    },
  },
  json_schema_2020_12_tool: {
    description: 'Tool with JSON Schema 2020-12 features',
    inputSchema: RICH_SCHEMA,
    run: () => text('taken'),
  },
};
