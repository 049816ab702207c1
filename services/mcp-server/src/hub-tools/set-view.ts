import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { namePattern } from '@toolmesh/shared/kit/text/name-pattern';
import { unknownTool } from '@toolmesh/shared/kit/tools/tool-catalogue';
import { nearestNames } from '@toolmesh/shared/kit/faults/nearest-names';
import { sourceOf } from '@toolmesh/shared/mcp/meta';
import { type McpRequest, type Offer, resourceNotFound } from '@toolmesh/shared/mcp/protocol';
import type { ToolSet } from '../mesh-config/tool-sets.ts';
import type { Offering } from './offering.ts';

const SERVER = 'server:';

/** The test of a set: what of a server it has. Without a name: the server as a whole, as for its resources. */
export type SetTest = (server: string, name?: string) => boolean;

const tests = new WeakMap<object, SetTest>();

/** Returns the test of a set of tools, or of a list of patterns: made once for each of them. */
function remembered(key: object, make: () => SetTest): SetTest {
  const known = tests.get(key) ?? make();
  tests.set(key, known);
  return known;
}

/** Returns the test of a set of tools. */
export const testOfSet = (set: ToolSet): SetTest => remembered(set, () => readSet(set));

function readSet({ include, exclude = [] }: ToolSet): SetTest {
  const included = include === undefined ? () => true : anyOf(include);
  const excluded = anyOf(exclude);
  return (server, name) => included(server, name) && !excluded(server, name);
}

/** Returns the test of a list of patterns, of names and of servers. */
export const anyOf = (patterns: readonly string[]): SetTest => remembered(patterns, () => readPatterns(patterns));

function readPatterns(patterns: readonly string[]): SetTest {
  const servers = patterns
    .filter((pattern) => pattern.startsWith(SERVER))
    .map((one) => namePattern(one.slice(SERVER.length)));
  const names = patterns.filter((pattern) => !pattern.startsWith(SERVER)).map(namePattern);
  return (server, name) =>
    servers.some((matches) => matches(server)) || (name !== undefined && names.some((matches) => matches(name)));
}

/**
 * Returns the part of an offering that a set has. What it does not list cannot be called, read or completed through it
 * either, and is answered as what does not exist.
 */
export function viewOf(offering: Offering, isIn: SetTest): Offering {
  let listed: { from: Offer; offer: Offer } | undefined;
  const serverOfTool = (name: string) => sourceOf(offering.tool(name))?.server;
  const hasTool = (name: string): boolean => {
    const tool = offering.tool(name);
    const server = sourceOf(tool)?.server;
    return tool !== undefined && server !== undefined && isIn(server, tool.name);
  };
  const ownerOfPrompt = (name: string) => {
    const owner = offering.ownerOfPrompt(name);
    return owner !== undefined && isIn(owner.name, name) ? owner : undefined;
  };
  const ownerOfResource = (uri: string) => {
    const owner = offering.ownerOfResource(uri);
    return owner !== undefined && isIn(owner.name) ? owner : undefined;
  };
  const offer = (): Offer => {
    const from = offering.offer();
    if (listed?.from === from) return listed.offer;
    const tools = from.tools.filter(({ name }) => isIn(serverOfTool(name) ?? '', name));
    const prompts = from.prompts.filter(({ name }) => ownerOfPrompt(name) !== undefined);
    const resources = from.resources.filter(({ uri }) => ownerOfResource(uri) !== undefined);
    const resourceTemplates = from.resourceTemplates.filter(
      ({ uriTemplate }) => ownerOfResource(uriTemplate) !== undefined,
    );
    listed = { from, offer: { ...from, tools, prompts, resources, resourceTemplates } };
    return listed.offer;
  };
  /** @throws what asking for something that does not exist throws */
  const check = ({ method, params }: McpRequest): void => {
    const name = String(params['name']);
    if (method === 'tools/call' && !hasTool(name))
      throw unknownTool(
        name,
        offer().tools.map((tool) => tool.name),
      );
    if (method === 'prompts/get' && ownerOfPrompt(name) === undefined) throw unknownPrompt(name, offer());
    if (method === 'resources/read' && ownerOfResource(String(params['uri'])) === undefined) {
      throw resourceNotFound(String(params['uri']).slice(0, 2_048));
    }
    if (method !== 'completion/complete') return;
    const ref: { type?: unknown; name?: unknown; uri?: unknown } = Object(params['ref']);
    if (ref.type === 'ref/prompt' && ownerOfPrompt(String(ref.name)) === undefined)
      throw unknownPrompt(String(ref.name), offer());
    if (ref.type !== 'ref/prompt' && ownerOfResource(String(ref.uri)) === undefined) {
      throw resourceNotFound(String(ref.uri).slice(0, 2_048));
    }
  };
  return {
    offer,
    tool: (name) => (hasTool(name) ? offering.tool(name) : undefined),
    ownerOfPrompt,
    ownerOfResource,
    onChange: offering.onChange,
    async request(request, caller) {
      check(request);
      return offering.request(request, caller);
    },
  };
}

const unknownPrompt = (name: string, { prompts }: Offer): MeshError =>
  new MeshError('not_found', `There is no prompt named "${name.slice(0, 128)}"`, {
    details: {
      did_you_mean: nearestNames(
        name,
        prompts.map((prompt) => prompt.name),
      ),
    },
  });
