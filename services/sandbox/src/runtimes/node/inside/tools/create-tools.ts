/** A block of a result that is neither text nor a value. */
export interface Content {
  readonly type: string;
  /** Bytes, for blocks that have some. */
  readonly data?: Uint8Array;
  readonly mimeType?: string;
  /** The block as it came. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface CreateToolsOptions {
  /** Sends a message, JSON without its id, and resolves to what answers it (`tool-calls/call-message.ts`). */
  readonly ask: (fields: string) => Promise<unknown>;
  readonly fromBase64: (text: string) => Uint8Array;
}

type Answer = Readonly<Record<string, unknown>>;

/** A tool that failed, or a call that was not run. The message says why. */
export class ToolError extends Error {
  static {
    // Not a property of each error, which would show it.
    Object.defineProperty(this.prototype, 'name', { value: 'ToolError', configurable: true, writable: true });
  }

  readonly tool: string | undefined;

  constructor(message: string, tool?: string) {
    super(message);
    this.tool = tool;
  }
}

const MAX_ARGUMENTS = 1_000_000;
const { stringify } = JSON;
/** Names that the language itself asks any object for: these are no tools. `tools.call` reaches one that has such a name. */
const ASKED_FOR: ReadonlySet<string> = new Set(['then', 'toJSON', 'toString', 'valueOf']);

/** Returns the tools of the mesh as functions by name, each of which calls one. All work is done by `ask`. */
export function createTools({ ask, fromBase64 }: CreateToolsOptions) {
  const request = async (fields: string, tool?: string): Promise<unknown> => {
    const answer = await ask(fields);
    if (!isRecord(answer)) throw new ToolError('the service sent no answer', tool);
    return valueOf(answer, tool);
  };

  const valueOf = (answer: Answer, tool: string | undefined): unknown => {
    if ('error' in answer) throw new ToolError(String(answer['error']), tool);
    const { content } = answer;
    if (!Array.isArray(content)) return answer['value'];
    const blocks = content.filter(isRecord).map(blockOf);
    return blocks.length === 1 ? blocks[0] : blocks;
  };

  const blockOf = (raw: Answer): string | Content => {
    const { type, text, data, mimeType } = raw;
    if (type === 'text' && typeof text === 'string') return text;
    return {
      type: String(type),
      ...(typeof data === 'string' ? { data: fromBase64(data) } : {}),
      ...(typeof mimeType === 'string' ? { mimeType } : {}),
      raw,
    };
  };

  const call = async (name: string, args: readonly unknown[]): Promise<unknown> => {
    if (args.length > 1) throw new TypeError(`${name} takes one object with its arguments by name`);
    const [given] = args;
    const isNamed = given === undefined || isPlain(given);
    const named = toJson(isNamed ? (given ?? {}) : {});
    const positional = toJson(isNamed ? [] : [given]);
    const size = named.length + positional.length;
    if (size > MAX_ARGUMENTS) {
      throw new ToolError(`the arguments of ${name} have ${size} characters; a call takes ${MAX_ARGUMENTS}`, name);
    }
    return request(`"name":${toJson(name)},"arguments":${named},"positional":${positional}`, name);
  };

  const own: Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>> = {
    /** Lists what there is: [{name, description}]. */
    list: () => request('"list":true'),
    /** Returns the declaration of a tool. */
    help: async (name) => {
      const help = await request(`"help":${toJson(String(name))},"language":"typescript"`);
      return isRecord(help) ? help['doc'] : help;
    },
    /** Calls a tool by its name, whatever that is. */
    call: (name, ...args) => call(String(name), args),
  };

  return new Proxy(own, {
    get(target, name) {
      if (typeof name !== 'string') return undefined;
      if (Object.hasOwn(target, name) || ASKED_FOR.has(name)) return Reflect.get(target, name);
      const tool = (...args: readonly unknown[]) => call(name, args);
      Object.defineProperty(tool, 'name', { value: name });
      return tool;
    },
    has: (_target, name) => typeof name === 'string',
    set: () => false,
  });
}

const isRecord = (value: unknown): value is Answer =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isPlain(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object of another realm has another Object.prototype, which has none of its own.
  return prototype === null || (typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null);
}

/** Writes a value as JSON, a BigInt with all its digits. @throws TypeError for a value that JSON has not */
function toJson(value: unknown): string {
  const raw: unknown = Reflect.get(JSON, 'rawJSON');
  const text: string | undefined = stringify(value, (_key, inner: unknown) => {
    if (inner instanceof Map) return Object.fromEntries(inner);
    if (inner instanceof Set) return [...inner];
    return typeof inner === 'bigint' && typeof raw === 'function' ? raw(String(inner)) : inner;
  });
  if (text === undefined) throw new TypeError('a function or a symbol is no argument of a tool');
  return text;
}
