import { isRecord } from '../../kit/json/is-record.ts';
import {
  mendFields,
  only,
  type ReadField,
  readBoolean,
  readNumber,
  readObject,
  readText,
} from '../mend/mend-fields.ts';
import type { McpRequest, McpResult } from '../protocol.ts';
import { fitBlock, fitContents, type Receiver } from './fit-block.ts';
import { describeJson } from './describe-json.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Returns the result of a request as its receiver can have it. Clients refuse a whole result for one field that is null
 * or one block of a type that they do not know: such fields are left away, and such blocks told in words. A result with
 * nothing odd in it is returned as it is.
 * @param revision the revision of MCP that the receiver speaks; undefined for one that takes content of every type
 */
export function fitResult({ method, params }: McpRequest, result: McpResult, revision: string | undefined): McpResult {
  if (result['resultType'] === 'input_required') return result;
  const receiver = receiverOf(revision);
  if (method === 'tools/call') return fitToolResult(result, receiver);
  if (method === 'prompts/get') return fitPrompt(result, receiver);
  if (method === 'resources/read') return fitRead(result, params['uri']);
  return method === 'completion/complete' ? fitCompletion(result) : result;
}

const ANY: Receiver = { types: undefined, takesMeta: false };
const FIRST_TYPES = ['text', 'image', 'resource'];
/** The types of content, by the first revision that has them; the latest first. */
const TYPES_SINCE: readonly (readonly [revision: string, receiver: Receiver])[] = [
  ['2026-07-28', { types: new Set([...FIRST_TYPES, 'audio', 'resource_link']), takesMeta: true }],
  ['2025-06-18', { types: new Set([...FIRST_TYPES, 'audio', 'resource_link']), takesMeta: false }],
  ['2025-03-26', { types: new Set([...FIRST_TYPES, 'audio']), takesMeta: false }],
];
const OLDEST: Receiver = { types: new Set(FIRST_TYPES), takesMeta: false };

const receiverOf = (revision: string | undefined): Receiver =>
  revision === undefined ? ANY : (TYPES_SINCE.find(([since]) => revision >= since)?.[1] ?? OLDEST);

/** Some servers write it as text. */
const readIsError: ReadField = (value) =>
  value === 'true' || value === 'false' ? { value: value === 'true' } : readBoolean(value);
const readNotNull = only('any JSON but null', (value) => value !== null);

const RESULT: Readonly<Record<string, ReadField>> = {
  isError: readIsError,
  structuredContent: readNotNull,
  _meta: readObject,
};

function fitToolResult(result: McpResult, receiver: Receiver): McpResult {
  const { item } = mendFields(result, RESULT);
  const content = fitContent(item, receiver);
  return withField(item, 'content', content);
}

/** Returns `item` with another value in one field; the same one if it has that value already. */
const withField = (item: Fields, key: string, value: unknown): McpResult =>
  item[key] === value ? item : { ...item, [key]: value };

function fitContent(result: Fields, receiver: Receiver): unknown {
  const { content, structuredContent, toolResult } = result;
  if (Array.isArray(content)) return fitEach(content, (block) => fitBlock(block, receiver));
  if (content !== undefined && content !== null) return [fitBlock(content, receiver)];
  // 2024-10-07 had `toolResult`, of whatever form.
  const said = structuredContent ?? toolResult;
  return said === undefined ? [] : [{ type: 'text', text: JSON.stringify(said) }];
}

/** Returns the items as `fit` has them; the same list if none has changed. */
function fitEach(items: readonly unknown[], fit: (item: unknown) => unknown): readonly unknown[] {
  const first = items.findIndex((item) => fit(item) !== item);
  return first === -1 ? items : [...items.slice(0, first), ...items.slice(first).map(fit)];
}

const ofPrompt: Readonly<Record<string, ReadField>> = { description: readText, _meta: readObject };

function fitPrompt(result: McpResult, receiver: Receiver): McpResult {
  const { item } = mendFields(result, ofPrompt);
  const { messages } = item;
  const given: readonly unknown[] = Array.isArray(messages) ? messages : isNothing(messages) ? [] : [messages];
  const fitting = given.map((message) => fitMessages(message, receiver));
  const isSame = given === messages && fitting.every((fitted, at) => fitted.length === 1 && fitted[0] === given[at]);
  return withField(item, 'messages', isSame ? messages : fitting.flat());
}

/** Returns a message of a prompt as one for each block of content: a list of blocks is for sampling alone. */
function fitMessages(message: unknown, receiver: Receiver): readonly unknown[] {
  if (!isRecord(message)) return [{ role: 'user', content: fitBlock(message, receiver) }];
  const { content } = message;
  const role = roleOf(message['role']);
  if (Array.isArray(content)) {
    return content.map((block) => ({ ...message, role, content: fitBlock(block, receiver) }));
  }
  const fitted = fitBlock(content, receiver);
  return [fitted === content && role === message['role'] ? message : { ...message, role, content: fitted }];
}

const ASSISTANT = new Set<unknown>(['assistant', 'model', 'ai', 'bot']);
const roleOf = (role: unknown): 'user' | 'assistant' => (ASSISTANT.has(role) ? 'assistant' : 'user');

const isNothing = (value: unknown): boolean => value === undefined || value === null;

function fitRead(result: McpResult, uri: unknown): McpResult {
  const { item } = mendFields(result, { _meta: readObject });
  const { contents } = item;
  const given: readonly unknown[] = Array.isArray(contents) ? contents : isNothing(contents) ? [] : [contents];
  const fitting = fitEach(given, (one) => fitRequested(one, uri));
  return withField(item, 'contents', fitting);
}

/** Returns contents of the resource that was asked for. */
function fitRequested(contents: unknown, uri: unknown): Fields {
  if (typeof contents === 'string') return { uri, text: contents };
  const fitted = fitContents(contents);
  if (fitted === undefined)
    return { uri, text: `The server sent contents without text or data: ${describeJson(contents)}` };
  return typeof fitted['uri'] === 'string' ? fitted : { ...fitted, uri };
}

/** The most values that a completion may have. */
const MAX_VALUES = 100;

function fitCompletion(result: McpResult): McpResult {
  const { completion } = result;
  const given = isRecord(completion) ? completion : { values: Array.isArray(completion) ? completion : [] };
  const { item } = mendFields(given, { total: readNumber, hasMore: readBoolean });
  const { values } = item;
  const isList = Array.isArray(values);
  const isRight = isList && values.length <= MAX_VALUES && values.every((value) => typeof value === 'string');
  if (isRight) return withField(result, 'completion', item);
  const texts = (isList ? values : []).map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return { ...result, completion: { ...item, values: texts.slice(0, MAX_VALUES) } };
}
