import { MeshError } from '../../kit/faults/errors.ts';
import { isRecord } from '../../kit/json/is-record.ts';
import type { Logger } from '../../kit/telemetry/logger.ts';
import { errorResult, inTraceOf } from '../meta.ts';
import {
  INTERNAL_ERROR,
  INVALID_PARAMS,
  type McpRequest,
  type McpResult,
  METHOD_NOT_FOUND,
  ProtocolError,
} from '../protocol.ts';
import { fitResult } from '../results/fit-result.ts';
import { serverSpan, withMcpSpan } from '../span.ts';
import type { McpCaller, McpService } from './mcp-service.ts';
import { type Outcome, type Refusal, refusal } from './messages.ts';

export interface ServeDeps {
  readonly service: McpService;
  readonly logger: Logger;
}

/** The way back to the sender of one request. */
export interface ReplyChannel {
  /** Aborts when the sender goes away. */
  readonly signal: AbortSignal;
  /** Sends a message before the response. Undefined: there is no way but the response. */
  readonly send?: ((text: string) => void) | undefined;
}

const LISTS: ReadonlyMap<string, 'tools' | 'prompts' | 'resources' | 'resourceTemplates'> = new Map([
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resourceTemplates'],
]);

/** Returns the list that a method asks for. Undefined for any other method. */
export function listOf(service: McpService, method: string): McpResult | undefined {
  const kind = LISTS.get(method);
  return kind === undefined ? undefined : { [kind]: service.offer()[kind] };
}

const CAPABILITY_OF: ReadonlyMap<string, string> = new Map([
  ['tools/list', 'tools'],
  ['tools/call', 'tools'],
  ['prompts/list', 'prompts'],
  ['prompts/get', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resources'],
  ['resources/read', 'resources'],
  ['completion/complete', 'completions'],
]);

/** Returns whether a service has a method that both eras know. */
export function hasMethod({ capabilities }: McpService, method: string): boolean {
  const capability = CAPABILITY_OF.get(method);
  return capability !== undefined && Object.hasOwn(capabilities, capability);
}

/** Returns the refusal of a method that is not there. */
export const unknownMethod = (method: string, status?: number): Refusal =>
  refusal({ code: METHOD_NOT_FOUND, message: `Method not found: ${method.slice(0, 128)}` }, status);

/** Returns the refusal of params that the protocol does not allow. */
export const invalidParams = (message: string, status?: number): Refusal =>
  refusal({ code: INVALID_PARAMS, message: `Invalid params: ${message}` }, status);

const isString = (value: unknown): boolean => typeof value === 'string';

/** The parts of the params that name the target; all others are the target's affair. */
const NEEDED: ReadonlyMap<string, readonly (readonly [string, (value: unknown) => boolean, string])[]> = new Map([
  ['tools/call', [['name', isString, 'a string']]],
  ['prompts/get', [['name', isString, 'a string']]],
  ['resources/read', [['uri', isString, 'a string']]],
  [
    'completion/complete',
    [
      ['ref', isRecord, 'an object'],
      ['argument', isRecord, 'an object'],
    ],
  ],
]);

/** Returns in words what is wrong with the params of a request. Undefined if a service can be given them. */
function problemOf({ method, params }: McpRequest): string | undefined {
  for (const [name, test, expected] of NEEDED.get(method) ?? []) {
    if (!test(params[name])) return `${name}: must be ${expected}`;
  }
  const args = params['arguments'];
  return args === undefined || isRecord(args) ? undefined : 'arguments: must be an object';
}

/** A request with what its sender is. */
export interface Call {
  readonly request: McpRequest;
  readonly caller: McpCaller;
  /** The revision that the caller speaks. */
  readonly revision: string;
}

/** Passes a request on to the service, in the trace that it names; the result is one that the caller can have. Never throws. */
export async function passOn({ service, logger }: ServeDeps, { request, caller, revision }: Call): Promise<Outcome> {
  const problem = problemOf(request);
  if (problem !== undefined) return invalidParams(problem);
  const { method, params } = request;
  const { _meta } = params;
  try {
    const span = serverSpan(method, params['name'], { _meta: Object(_meta) });
    const result = await withMcpSpan(span, () => inTraceOf(_meta, () => service.request(request, caller)));
    return { result: fitResult(request, result, revision) };
  } catch (thrown) {
    const outcome = outcomeOf(method, thrown);
    if (outcome !== undefined) return outcome;
    if (!caller.signal.aborted) logger.error({ err: thrown }, 'MCP request failed');
    return refusal({ code: INTERNAL_ERROR, message: 'Internal error' });
  }
}

/** Code of the revisions of 2025; later ones say -32602. */
const RESOURCE_NOT_FOUND = -32_002;

/**
 * Returns a failure as the client gets it: for a tool call that did not run a result, which is what a model reads; for
 * anything else an error. Undefined for a bug.
 */
function outcomeOf(method: string, thrown: unknown): Outcome | undefined {
  if (thrown instanceof ProtocolError) {
    const { code, message, data } = thrown;
    const sent = code === RESOURCE_NOT_FOUND ? INVALID_PARAMS : code;
    return refusal({ code: sent, message, ...(data === undefined ? {} : { data }) });
  }
  const error = MeshError.from(thrown);
  if (error.code === 'internal') return undefined;
  const data = error.toBody().error;
  if (error.code === 'tool_not_found' || error.code === 'not_found') {
    return refusal({ code: INVALID_PARAMS, message: error.message, data });
  }
  if (method === 'tools/call') return { result: errorResult(error) };
  return refusal({ code: INTERNAL_ERROR, message: error.message, data });
}
