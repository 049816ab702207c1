import { setTimeout as sleep } from 'node:timers/promises';
import type { ContentBlock } from '@toolmesh/shared/contracts/tool';
import { defineTool, type ToolDefinition, ToolFailure } from '@toolmesh/shared/kit/tools/tool';
import { z } from 'zod';
import { AUDIO, embedded, image } from './fixture-tools.ts';

const Nothing = z.object({});
const said = (name: string, contents: readonly ContentBlock[]) =>
  defineTool({
    name,
    description: 'Returns content of the types that its name says',
    input: Nothing,
    output: z.null(),
    run: () => null,
    render: () => [...contents],
  });

/** The suite's fixtures that are tools and ask nothing, which is what the kit has. */
export const KIT_TOOLS: readonly ToolDefinition[] = [
  said('test_simple_text', [{ type: 'text', text: 'This is a simple text response for testing.' }]),
  said('test_image_content', [image]),
  said('test_audio_content', [{ type: 'audio', data: AUDIO, mimeType: 'audio/wav' }]),
  said('test_embedded_resource', [embedded('test://embedded-resource', 'text/plain', 'An embedded resource.')]),
  said('test_multiple_content_types', [
    { type: 'text', text: 'Multiple content types test:' },
    image,
    embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  ]),
  defineTool({
    name: 'test_error_handling',
    description: 'Fails',
    input: Nothing,
    output: z.null(),
    run: () => {
      throw new ToolFailure('This tool intentionally returns an error for testing');
    },
  }),
  defineTool({
    name: 'test_tool_with_progress',
    description: 'Tells how far it is',
    input: Nothing,
    output: z.null(),
    run: async (_input, { progress }) => {
      for (const done of [0, 50, 100]) {
        progress({ progress: done, total: 100 });
        await sleep(50);
      }
      return null;
    },
  }),
  defineTool({
    name: 'test_x_mcp_header',
    description: 'Takes an argument that travels as a header, too',
    input: z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }).optional() }),
    output: z.null(),
    run: () => null,
  }),
  defineTool({
    name: 'test_logging_tool',
    description: 'Has nothing to log',
    input: Nothing,
    output: z.null(),
    run: () => null,
  }),
];
