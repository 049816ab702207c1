import { MeshError } from '../../kit/faults/errors.ts';
import { isRecord } from '../../kit/json/is-record.ts';
import { LIST_NAMES, type ListName, METHOD_OF_LIST, type ReadOffer } from './offer/defect.ts';
import { type RawList, readOffer } from './offer/read-offer.ts';
import { meshErrorOf } from '../errors.ts';
import { type McpTool, METHOD_NOT_FOUND, ProtocolError } from '../protocol.ts';

/** A server that can be asked for its lists. */
export interface ListSource {
  /** The capabilities that it declares. */
  readonly capabilities: Readonly<Record<string, unknown>>;
  /** True for one from before 2026-07-28. */
  readonly isLegacy: boolean;
  /** Sends a request and returns its result, unchecked. */
  request(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** Most pages of one list that are read. */
const MAX_PAGES = 1_000;
/** Most items of one list that are read. */
const MAX_ITEMS = 10_000;

interface ReceivedList extends RawList {
  readonly error?: unknown;
}

const EMPTY: ReceivedList = { items: [] };

/**
 * Requests the lists of all that the server declares to have. One that fails takes only itself; defects of the offer
 * say so. A server that declares nothing is asked for its tools all the same.
 * @throws what the first request threw, if no list could be read.
 */
export async function listAll(source: ListSource): Promise<ReadOffer> {
  const { tools, prompts, resources } = source.capabilities;
  const declares = { tools: isDeclared(tools), prompts: isDeclared(prompts), resources: isDeclared(resources) };
  if (!Object.values(declares).includes(true)) return listUndeclared(source);
  // Before the others: a server that fails at one of those then has told its tools.
  const ofTools = declares.tools ? await readPages(source, 'tools') : EMPTY;
  const [ofPrompts, ofResources, ofTemplates] = await Promise.all([
    declares.prompts ? readPages(source, 'prompts') : EMPTY,
    declares.resources ? readPages(source, 'resources') : EMPTY,
    declares.resources ? readPages(source, 'resourceTemplates') : EMPTY,
  ]);
  const lists = { tools: ofTools, prompts: ofPrompts, resources: ofResources, resourceTemplates: ofTemplates };
  const read = LIST_NAMES.filter((name) => lists[name] !== EMPTY).map((name) => lists[name]);
  const [first] = read;
  if (first !== undefined && read.every(({ hasFailed }) => hasFailed)) throw first.error;
  return readOffer(lists, source.isLegacy);
}

/** Requests the list of tools alone. @throws what the request threw, if it could not be read. */
export async function listTools(source: ListSource): Promise<readonly McpTool[]> {
  const tools = await readPages(source, 'tools');
  if (tools.hasFailed === true) throw tools.error;
  const none = { prompts: EMPTY, resources: EMPTY, resourceTemplates: EMPTY };
  return readOffer({ tools, ...none }, source.isLegacy).tools;
}

const isDeclared = (capability: unknown): boolean => capability !== undefined && capability !== null;

/** Asks a server for tools that it does not declare. */
async function listUndeclared(source: ListSource): Promise<ReadOffer> {
  const tools = await readPages(source, 'tools');
  if (tools.hasFailed && !(tools.error instanceof ProtocolError)) throw tools.error;
  const isOffered = tools.items.length > 0;
  const problem = isOffered ? 'is answered, although the server does not declare tools' : undefined;
  const none = { prompts: EMPTY, resources: EMPTY, resourceTemplates: EMPTY };
  const offer = readOffer({ tools: { items: tools.items }, ...none }, source.isLegacy);
  if (problem === undefined) return offer;
  return {
    ...offer,
    defects: [{ kind: 'list', name: 'tools/list', reason: problem, action: 'mended' }, ...offer.defects],
  };
}

/** Reads a list page by page, for as long as there are pages. Never rejects. */
async function readPages(source: ListSource, list: ListName): Promise<ReceivedList> {
  const items: unknown[] = [];
  try {
    for await (const page of pagesOf(source, list)) for (const item of page) items.push(item);
    return { items };
  } catch (error) {
    if (error instanceof EndlessList) return { items, problem: error.message };
    // Servers that have resources need not have templates.
    const isUnknown = error instanceof ProtocolError && error.code === METHOD_NOT_FOUND;
    if (isUnknown && list === 'resourceTemplates') return EMPTY;
    return { items, problem: meshErrorOf('the server', error).message, hasFailed: true, error };
  }
}

/** A list that goes on for longer than it is read. */
class EndlessList extends Error {
  override readonly name = 'EndlessList';
}

/** @throws EndlessList after what is read of a list without an end; MeshError for an answer without a list. */
async function* pagesOf(source: ListSource, list: ListName): AsyncGenerator<readonly unknown[]> {
  const method = METHOD_OF_LIST[list];
  const seen = new Set<unknown>();
  let cursor: unknown;
  for (let items = 0; seen.size < MAX_PAGES && items <= MAX_ITEMS; seen.add(cursor)) {
    const result = await source.request(method, cursor === undefined ? {} : { cursor });
    const page = isRecord(result) ? result[list] : undefined;
    if (!isRecord(result) || !Array.isArray(page)) {
      throw new MeshError('upstream_failed', `the server answered ${method} without a list`);
    }
    yield page;
    items += page.length;
    cursor = result['nextCursor'];
    // An empty one is how some say that there is no further page.
    if (cursor === undefined || cursor === null || cursor === '') return;
    if (seen.has(cursor)) throw new EndlessList('its pages go in a circle; what they have is offered');
  }
  throw new EndlessList(`has more than ${MAX_PAGES} pages or ${MAX_ITEMS} items; further ones are not read`);
}
