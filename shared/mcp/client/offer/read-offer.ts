import { isDeepValue } from '../../../kit/json/depth.ts';
import { isRecord } from '../../../kit/json/is-record.ts';
import type { McpTool, Offer, Prompt, Resource, ResourceTemplateType } from '../../protocol.ts';
import { headerFault } from './header-faults.ts';
import { type Defect, LIST_NAMES, type ListName, METHOD_OF_LIST, type ReadOffer } from './defect.ts';
import {
  expected,
  type Mended,
  mendFields,
  only,
  readBoolean,
  type ReadField,
  readFields,
  readList,
  readNumber,
  readObject,
  readText,
} from '../../mend/mend-fields.ts';
import { readAnnotations } from '../../mend/read-annotations.ts';
import { readInputSchema, readOutputSchema } from './mend-schema.ts';

/** One list as it came, unchecked. */
export interface RawList {
  readonly items: readonly unknown[];
  /** The reason why it is not complete, or not there at all; in words for an operator. */
  readonly problem?: string | undefined;
  /** True if it could not be read at all. */
  readonly hasFailed?: boolean;
}

export type RawLists = Readonly<Record<ListName, RawList>>;

/** The most items of one list. */
const MAX_ITEMS = 10_000;
/** The most levels of an item: its schemas take two for each of their own. */
const MAX_DEPTH = 250;
/** The most characters of an item as JSON. */
const MAX_ITEM_CHARS = 1_048_576;

/**
 * Reads the lists of a server item by item. One that is not as MCP has it is mended where its meaning is clear, so that
 * every client accepts the list; otherwise it is left out, and no other with it. `isLegacy`: the server is from before
 * 2026-07-28.
 */
export function readOffer(lists: RawLists, isLegacy: boolean): ReadOffer {
  const defects: Defect[] = [];
  const failed = new Set<ListName>();
  for (const list of LIST_NAMES) {
    const { problem, hasFailed = false } = lists[list];
    if (hasFailed) failed.add(list);
    if (problem === undefined) continue;
    defects.push({ kind: 'list', name: METHOD_OF_LIST[list], reason: problem, action: 'left_out' });
  }
  const read = <T>(list: ListName, kind: Kind<T>): readonly T[] => readItems(lists[list], kind, defects);
  const offer: Offer = {
    tools: read('tools', toolKind(isLegacy)),
    prompts: read('prompts', PROMPTS),
    resources: read('resources', RESOURCES),
    resourceTemplates: read('resourceTemplates', TEMPLATES),
  };
  return { ...offer, defects, ...(failed.size === 0 ? {} : { failed }) };
}

/** The items of one kind. */
interface Kind<T> {
  readonly kind: Defect['kind'];
  /** The field that tells items apart. */
  readonly key: 'name' | 'uri' | 'uriTemplate';
  /** The fields that it may have. */
  readonly readers: Readonly<Record<string, ReadField>>;
  /** Fills in fields that it must have, where their values are clear. */
  readonly complete: (item: Item) => Mended;
  /** Returns why an item is left out by a rule of its own, if it is. `json`: the item as text. */
  readonly refuse?: (item: Item, json: string) => string | undefined;
  /** Returns whether an item with its key has the other fields that it must have. */
  readonly isWhole: (item: object) => item is T & object;
}

type Item = Readonly<Record<string, unknown>>;

function readItems<T>({ items }: RawList, kind: Kind<T>, defects: Defect[]): readonly T[] {
  const whole: T[] = [];
  for (const [at, raw] of items.slice(0, MAX_ITEMS).entries()) {
    const named = isRecord(raw) ? raw[kind.key] : undefined;
    const name = typeof named === 'string' ? named : `#${at + 1}`;
    const note = (action: Defect['action'], reason: string) => defects.push({ kind: kind.kind, name, reason, action });
    const refusal = refusalOf(raw, kind);
    if (refusal !== undefined) {
      note('left_out', refusal);
      continue;
    }
    const completed = kind.complete(Object(raw));
    const { item, problems } = mendFields(completed.item, kind.readers);
    const isWhole = kind.isWhole(item);
    if (isWhole) whole.push(item);
    const all = [...completed.problems, ...problems];
    if (!isWhole || all.length > 0) note(isWhole ? 'mended' : 'left_out', all.join('; '));
  }
  if (items.length > MAX_ITEMS) {
    const reason = `the list has ${items.length}; the first ${MAX_ITEMS} are offered`;
    defects.push({ kind: kind.kind, name: `#${MAX_ITEMS + 1}`, reason, action: 'left_out' });
  }
  return whole;
}

/** Returns why an item cannot be offered at all, if it cannot. */
function refusalOf(raw: unknown, { key, refuse }: Kind<unknown>): string | undefined {
  if (!isRecord(raw)) return expected('an object', raw);
  const name = raw[key];
  if (typeof name !== 'string') return `${key}: ${expected('text', name)}`;
  if (isDeepValue(raw, MAX_DEPTH)) return `is nested deeper than ${MAX_DEPTH} levels`;
  const json = JSON.stringify(raw);
  if (json.length > MAX_ITEM_CHARS)
    return `has ${json.length} characters of JSON; at most ${MAX_ITEM_CHARS} are offered`;
  const refusal = refuse?.(raw, json);
  if (refusal !== undefined) return refusal;
  return key !== 'uri' || SCHEME.test(name) ? undefined : `${key}: must begin with a scheme, such as file:`;
}

/** RFC 3986, section 3.1. Clients refuse a whole list for a URI without. */
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;

const isTaskSupport = (value: unknown): boolean =>
  value === 'required' || value === 'optional' || value === 'forbidden';

/** Some servers give one size where a list belongs. */
const readSizes: ReadField = (value) => (typeof value === 'string' ? { value: [value] } : readList(readText)(value));

/** Reads an icon. One without an address shows nothing. */
const readIcon: ReadField = (value) => {
  if (!isRecord(value) || typeof value['src'] !== 'string') {
    return { value: undefined, problem: expected('an icon with src', value) };
  }
  return readFields({
    mimeType: readText,
    sizes: readSizes,
    theme: only('"light" or "dark"', (theme) => theme === 'light' || theme === 'dark'),
  })(value);
};

const COMMON: Readonly<Record<string, ReadField>> = {
  title: readText,
  description: readText,
  icons: readList(readIcon),
  _meta: readObject,
};

const isTool = (item: object): item is McpTool => 'inputSchema' in item && isRecord(item.inputSchema);

const toolKind = (isLegacy: boolean): Kind<McpTool> => ({
  kind: 'tool',
  key: 'name',
  // Before 2026-07-28 the annotation means nothing.
  ...(isLegacy
    ? {}
    : { refuse: ({ inputSchema }, json) => (json.includes('x-mcp-header') ? headerFault(inputSchema) : undefined) }),
  readers: {
    ...COMMON,
    inputSchema: readInputSchema,
    outputSchema: readOutputSchema(isLegacy),
    annotations: readFields({
      title: readText,
      // A hint that is not clear is none: what it would have allowed is then asked for.
      readOnlyHint: readBoolean,
      destructiveHint: readBoolean,
      idempotentHint: readBoolean,
      openWorldHint: readBoolean,
    }),
    execution: readFields({ taskSupport: only('"required", "optional" or "forbidden"', isTaskSupport) }),
  },
  complete: (item) => ({ item: 'inputSchema' in item ? item : { ...item, inputSchema: undefined }, problems: [] }),
  isWhole: isTool,
});

/** Reads an argument of a prompt. One without a name cannot be given. */
const readArgument: ReadField = (value) => {
  if (!isRecord(value) || typeof value['name'] !== 'string') {
    return { value: undefined, problem: expected('an argument with a name', value) };
  }
  return readFields({ title: readText, description: readText, required: readBoolean })(value);
};

const PROMPTS: Kind<Prompt> = {
  kind: 'prompt',
  key: 'name',
  readers: { ...COMMON, arguments: readList(readArgument) },
  complete: (item) => ({ item, problems: [] }),
  isWhole: (item): item is Prompt => 'name' in item,
};

const OF_RESOURCES = { ...COMMON, name: readText, mimeType: readText, annotations: readAnnotations };
/** A resource without a name goes by its title or its address. */
const withName =
  (key: 'uri' | 'uriTemplate') =>
  (item: Item): Mended => {
    const { name, title } = item;
    if (typeof name === 'string') return { item, problems: [] };
    const filled = { ...item, name: typeof title === 'string' ? title : item[key] };
    return { item: filled, problems: [`name: ${expected('text', name)}`] };
  };

const RESOURCES: Kind<Resource> = {
  kind: 'resource',
  key: 'uri',
  readers: { ...OF_RESOURCES, size: readNumber },
  complete: withName('uri'),
  isWhole: (item): item is Resource => 'name' in item,
};

const TEMPLATES: Kind<ResourceTemplateType> = {
  kind: 'template',
  key: 'uriTemplate',
  readers: OF_RESOURCES,
  complete: withName('uriTemplate'),
  isWhole: (item): item is ResourceTemplateType => 'name' in item,
};
