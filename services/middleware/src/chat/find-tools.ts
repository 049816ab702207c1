import { CALL_TOOL, isHubTool, SEARCH_TOOLS } from '@toolmesh/shared/contracts/hub-tools';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import { checkInput, MeshError } from '@toolmesh/shared/kit/faults/errors';
import { CALLING_TOOL, SEARCH_TOOL } from '@toolmesh/shared/kit/search/hub-tools';
import { runSearch, SearchInput } from '@toolmesh/shared/kit/search/search-tools';
import { createToolSearch, type ToolSearch } from '@toolmesh/shared/kit/search/tool-search';
import { elapsed } from '@toolmesh/shared/kit/tools/tool-catalogue';
import { estimateTools } from '../models/context/token-estimate.ts';
import type { Model } from '../models/model.ts';
import type { Permission } from '../policy/permission.ts';
import type { CallTool } from '../run/calls/run-call.ts';
import type { ToolChoice } from './chat-order.ts';

/** The tools of a run, and those of them that its model is shown. */
export interface RunTools {
  /** All that may be called. */
  readonly tools: readonly Tool[];
  /** Those that the model is shown; it finds the others by searching. Default: all. */
  readonly shown?: readonly Tool[];
  readonly callTool: CallTool;
  readonly permissionOf: (tool: Tool) => Permission;
  /** Tells the model how to find tools. */
  readonly note: string;
}

export interface RunToolsOptions extends Omit<RunTools, 'shown' | 'note'> {
  readonly model: Model;
  /** The caller's own tools. */
  readonly externalTools: readonly Tool[];
  readonly choice: ToolChoice;
  /** Finds tools of the hub. */
  readonly search: ToolSearch;
  /** More tools than these are searched. */
  readonly maxTools: number;
  readonly signal: AbortSignal;
}

/** A search in the list of the hub, shared by all runs: it is read once for all of them. */
export interface ListSearch extends ToolSearch {
  /** Searches in this list from now on. */
  follow(tools: readonly Tool[]): void;
}

export function createListSearch(): ListSearch {
  let list: readonly Tool[] = [];
  const { search } = createToolSearch(() => list);
  return {
    search,
    follow(tools) {
      list = tools;
    },
  };
}

/** Fewer tools than this are always shown: searching them would cost more than it saves. */
const FEW = 8;
/** Part of a model's context window that a list of tools may take. */
const MAX_PART = 0.6;
/** Part of it, in characters, that the schemas of one search may take: a quarter of the tokens. */
const SCHEMA_CHARS_PER_TOKEN = 1;
const MAX_SCHEMAS = 24_000;

/**
 * Returns the tools of a run. A list that is too long for the model is replaced by two tools: one finds tools among those
 * that this run may call, and calls of the other one are calls of the tool in its arguments.
 */
export async function chooseRunTools(options: RunToolsOptions): Promise<RunTools> {
  const { tools, callTool, permissionOf, model, search, signal } = options;
  // A model whose server does not answer says so when it is asked.
  const windowTokens = await model.windowTokens?.(signal).catch(() => undefined);
  if (!isTooLong(options, windowTokens)) return { tools, callTool, permissionOf, note: '' };
  const mayCall = tools.filter((tool) => permissionOf(tool) !== 'deny');
  const names = new Set(mayCall.map(({ name }) => name));
  const accept = ({ name }: Tool): boolean => names.has(name);
  const maxSchemas = Math.min(MAX_SCHEMAS, (windowTokens ?? MAX_SCHEMAS) * SCHEMA_CHARS_PER_TOKEN);
  return {
    tools: [...tools, SEARCH_TOOL, CALLING_TOOL],
    shown: [SEARCH_TOOL, CALLING_TOOL],
    permissionOf: (tool) => (isHubTool(tool.name) ? 'auto' : permissionOf(tool)),
    note: ` There are ${mayCall.length} tools; find those that you need with ${SEARCH_TOOLS} before you say that there is none.`,
    async callTool(name, args, context) {
      // Its calls are those of the tool in its arguments, see `unwrapCall`; any other is wrong.
      if (name === CALL_TOOL)
        throw new MeshError('invalid_arguments', `${CALL_TOOL} needs the name of a tool that was found`);
      if (name !== SEARCH_TOOLS) return callTool(name, args, context);
      const started = performance.now();
      const input = checkInput(SearchInput, args, { code: 'invalid_arguments', subject: `Arguments of ${name}` });
      const found = await runSearch(search, input, { accept, maxSchemas });
      const content = [{ type: 'text', text: JSON.stringify(found) }];
      return { tool: name, is_error: false, content, structured_content: found, duration_ms: elapsed(started) };
    },
  };
}

function isTooLong({ tools, model, externalTools, choice, maxTools }: RunToolsOptions, windowTokens?: number): boolean {
  // The demo finds its tools by their names.
  if (tools.length < FEW || model.provider === 'demo') return false;
  const isTaken = externalTools.some(({ name }) => isHubTool(name));
  if (isTaken || choice.exclude?.some(isHubTool) === true) return false;
  return tools.length > maxTools || (windowTokens !== undefined && estimateTools(tools) > windowTokens * MAX_PART);
}
