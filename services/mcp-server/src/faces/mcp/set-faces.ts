import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { nearestNames } from '@toolmesh/shared/kit/faults/nearest-names';
import { createMcpFace, type McpFace, type McpFaceOptions } from '@toolmesh/shared/mcp/server/http/mcp-face';
import type { McpService } from '@toolmesh/shared/mcp/server/mcp-service';
import type { Request, RequestHandler } from 'express';
import type { CallTickets } from '../../code-mode/call-tickets.ts';
import { withTickets } from '../../code-mode/with-tickets.ts';
import type { Offering } from '../../hub-tools/offering.ts';
import { anyOf, testOfSet, viewOf } from '../../hub-tools/set-view.ts';
import { type HubToolsOptions, type Listing, withHubTools } from '../../hub-tools/with-hub-tools.ts';
import type { ChangingService } from './hub-service.ts';
import type { ToolChoice, ToolSet } from '../../mesh-config/tool-sets.ts';

export interface SetServicesOptions extends Pick<HubToolsOptions, 'search' | 'timers'> {
  /** Everything, as MCP serves it. */
  readonly service: ChangingService;
  readonly catalogue: Offering;
  /** Names calls whose programs call tools; absent where nothing can call back. */
  readonly tickets?: CallTickets | undefined;
  /** The listing of those who ask for none. */
  readonly listing: Listing;
  /** Returns what mesh.json says of sets now. */
  readonly choice: () => ToolChoice;
}

/** Returns what MCP serves of a set of tools, or of everything; `asked` overrides the usual listing. */
export type SetServices = (set?: string, asked?: Listing) => McpService;

/** A set that was removed, until the last request to it has ended. */
const NOTHING: ToolSet = { include: [] };

/** Makes the services of the sets that mesh.json has; each follows its set when that changes. */
export function createSetServices(options: SetServicesOptions): SetServices {
  const { service, catalogue, tickets, listing: usual, choice, search, timers } = options;
  return (name, asked) => {
    const set = (): ToolSet => (name === undefined ? {} : (choice().sets.get(name) ?? NOTHING));
    const view = name === undefined ? catalogue : viewOf(catalogue, (server, tool) => testOfSet(set())(server, tool));
    const callable = tickets === undefined ? view : withTickets(view, tickets, viewName(name));
    const { offer, tool, request } = withHubTools(callable, {
      listing: () => asked ?? set().listing ?? usual,
      isPinned: (pinned) => anyOf(set().pinned ?? choice().pinned)('', pinned),
      search,
      timers,
    });
    const { watch } = service.changes;
    return {
      ...service,
      offer,
      tool,
      request,
      changes: {
        ...service.changes,
        watch: (uris, ...rest) =>
          watch(
            new Set([...uris].filter((uri) => name === undefined || view.ownerOfResource(uri) !== undefined)),
            ...rest,
          ),
      },
    };
  };
}

/** Names the view of a set in tickets, without the dot that ends it there. */
export const viewName = (set?: string): string =>
  set === undefined ? 'all' : `set-${set.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`;

export interface SetFacesOptions extends Omit<McpFaceOptions, 'service' | 'hasSessions'> {
  readonly services: SetServices;
  readonly catalogue: Pick<Offering, 'onChange'>;
  readonly choice: () => ToolChoice;
}

/**
 * Serves `/mcp` and, for each set of tools in mesh.json, `/mcp/{set}`: each with sessions of its own, in the listing that
 * `?listing=` asks for. The sessions of a set stay when it changes, and end when it is removed.
 */
export function createSetFaces({ services, catalogue, choice, ...options }: SetFacesOptions): McpFace {
  const faces = new Map<string, McpFace>();
  const faceFor = (name: string | undefined, asked: Listing | undefined): McpFace => {
    if (name !== undefined) checkSet(name, choice());
    const key = `${asked ?? ''} ${name ?? ''}`;
    const face = faces.get(key) ?? createMcpFace({ ...options, service: services(name, asked), hasSessions: true });
    faces.set(key, face);
    return face;
  };
  const closeGone = (): void => {
    const { sets } = choice();
    for (const [key, face] of faces) {
      const [, name = ''] = key.split(' ');
      if (name === '' || sets.has(name)) continue;
      faces.delete(key);
      face.close();
    }
  };
  const stopWatching = catalogue.onChange(closeGone);
  const handler: RequestHandler = (req, res, next) => {
    const { set } = req.params;
    return faceFor(typeof set === 'string' ? set : undefined, listingOf(req)).handler(req, res, next);
  };
  return {
    handler,
    close() {
      stopWatching();
      faces.forEach((face) => face.close());
    },
  };
}

/** @throws MeshError not_found with the nearest names */
function checkSet(name: string, { sets }: ToolChoice): void {
  if (sets.has(name)) return;
  throw new MeshError('not_found', `There is no set of tools named "${name.slice(0, 128)}" in mesh.json`, {
    details: { did_you_mean: nearestNames(name, sets.keys()) },
  });
}

/** @throws MeshError invalid_request for a listing that does not exist */
function listingOf({ query }: Request): Listing | undefined {
  const { listing } = query;
  if (listing === undefined || listing === 'full' || listing === 'search') return listing;
  throw new MeshError('invalid_request', 'listing: must be "full" or "search"');
}
