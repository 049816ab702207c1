import { CALL_TOOL, HUB_SERVER, SEARCH_TOOLS } from '../../contracts/hub-tools.ts';
import type { Tool } from '../../contracts/tool.ts';
import { z } from 'zod';
import { parseJson } from '../json/parse-json.ts';
import { isRecord } from '../json/is-record.ts';
import { jsonSchemaOf } from '../tools/tool.ts';
import { MAX_LIMIT, SearchInput, SearchOutput } from './search-tools.ts';

/** The arguments of `call_tool`. */
const CallInput = z.strictObject({
  name: z.string().min(1).describe('The name of the tool, as search_tools gives it'),
  arguments: z.record(z.string(), z.unknown()).default({}).describe('Its arguments, by its input_schema'),
});

/** The arguments of `call_tool`, which models write as JSON text now and then. */
export const ReceivedCall = z.preprocess((given) => {
  if (!isRecord(given) || typeof given['arguments'] !== 'string') return given;
  return { ...given, arguments: parseJson(given['arguments']) ?? given['arguments'] };
}, CallInput);

export const SEARCH_TOOL: Tool = {
  name: SEARCH_TOOLS,
  title: 'Search tools',
  description:
    'Finds tools by what they do, in your own words ("write a ticket", "what does this file say"). Returns the best ones, each ' +
    `with its name, description and input schema; at most ${MAX_LIMIT}. Call one of them with ${CALL_TOOL}.`,
  input_schema: jsonSchemaOf(SearchInput, 'input'),
  output_schema: jsonSchemaOf(SearchOutput, 'output'),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  server: HUB_SERVER,
  status: 'up',
};

/** It may do whatever the tool does that it calls, so its hints are the most careful ones. */
export const CALLING_TOOL: Tool = {
  name: CALL_TOOL,
  title: 'Call a tool',
  description: `Calls a tool that ${SEARCH_TOOLS} has found: its name, and its arguments by its input schema. The result is that tool's.`,
  input_schema: jsonSchemaOf(CallInput, 'input'),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  server: HUB_SERVER,
  status: 'up',
};
