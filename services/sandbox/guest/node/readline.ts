import EventEmitter from 'events/events.js';
import { host } from '../shared/host.ts';

interface Options {
  readonly input?: AsyncIterable<unknown>;
  readonly output?: { write(text: string): unknown } | null;
  readonly prompt?: string;
}

type Answer = (line: string) => void;
const isAnswer = (value: unknown): value is Answer => typeof value === 'function';

/** Splits what a stream gives into lines, as they come. */
async function* linesOf(input: AsyncIterable<unknown>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of input) {
    const parts = (rest + String(chunk)).split(/\r\n|\n|\r/);
    rest = parts.pop() ?? '';
    yield* parts;
  }
  if (rest !== '') yield rest;
}

/** Lines of a stream: by events, by questions, or by iterating. */
export class Interface extends EventEmitter {
  readonly #options: Options;
  readonly #questions: Answer[] = [];
  /** Lines that came while nobody asked. */
  readonly #unread: string[] = [];
  readonly #waiting: ((result: IteratorResult<string>) => void)[] = [];
  #prompt: string;
  #isIterated = false;
  #isPaused = false;
  closed = false;

  constructor(options: Options) {
    super();
    this.#options = options;
    this.#prompt = options.prompt ?? '> ';
    host.nextTick(() => void this.#read(), []);
  }

  async #read(): Promise<void> {
    const { input } = this.#options;
    try {
      if (input !== undefined) for await (const line of linesOf(input)) this.#take(line);
    } catch (error) {
      host.fail(error);
    }
    if (!this.#isIterated && this.#unread.length > 0 && this.#questions.length === 0) this.#flush();
    this.close();
  }

  #take(line: string): void {
    if (this.closed) return;
    const question = this.#questions.shift();
    if (question !== undefined) question(line);
    else if (this.#isIterated) this.#pass(line);
    else if (this.listenerCount('line') > 0 && !this.#isPaused) this.emit('line', line);
    else this.#unread.push(line);
  }

  #pass(line: string): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#unread.push(line);
    else next({ value: line, done: false });
  }

  #flush(): void {
    for (const line of this.#unread.splice(0)) this.emit('line', line);
  }

  question(query: string, ...rest: readonly unknown[]): void {
    this.#options.output?.write(query);
    const answer = rest.find(isAnswer);
    if (answer === undefined) throw new TypeError('The "cb" argument must be of type function');
    const unread = this.#unread.shift();
    if (unread === undefined) this.#questions.push(answer);
    else host.nextTick(() => answer(unread), []);
  }

  prompt(): void {
    this.#options.output?.write(this.#prompt);
  }

  setPrompt(prompt: string): void {
    this.#prompt = prompt;
  }

  getPrompt(): string {
    return this.#prompt;
  }

  write(): void {}

  pause(): this {
    this.#isPaused = true;
    return this;
  }

  resume(): this {
    this.#isPaused = false;
    this.#flush();
    return this;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const next of this.#waiting.splice(0)) next({ value: undefined, done: true });
    this.emit('close');
  }

  [Symbol.asyncIterator](): AsyncIterator<string> {
    this.#isIterated = true;
    return {
      next: () => {
        const value = this.#unread.shift();
        if (value !== undefined) return Promise.resolve({ value, done: false });
        if (this.closed) return Promise.resolve({ value: undefined, done: true });
        const { promise, resolve } = Promise.withResolvers<IteratorResult<string>>();
        this.#waiting.push(resolve);
        return promise;
      },
      return: () => {
        this.close();
        return Promise.resolve({ value: undefined, done: true });
      },
    };
  }
}

/** Lets `question` return a promise. */
function withPromises(lines: Interface) {
  const question = lines.question.bind(lines);
  return Object.assign(lines, {
    question: (query: string) => new Promise<string>((resolve) => question(query, resolve)),
  });
}

const isOptions = (value: unknown): value is Options => typeof value === 'object' && value !== null && 'input' in value;
const optionsOf = (first: AsyncIterable<unknown> | Options, output: Options['output']): Options =>
  isOptions(first) ? first : { input: first, output: output ?? null };

/** Node's `readline/promises`. */
export const promises = {
  Interface,
  createInterface: (first: AsyncIterable<unknown> | Options, output?: Options['output']) =>
    withPromises(new Interface(optionsOf(first, output))),
};

/** Node's `readline`, without a terminal. */
export const readline = {
  Interface,
  createInterface: (first: AsyncIterable<unknown> | Options, output?: Options['output']) =>
    new Interface(optionsOf(first, output)),
  clearLine: (): boolean => true,
  clearScreenDown: (): boolean => true,
  cursorTo: (): boolean => true,
  moveCursor: (): boolean => true,
  emitKeypressEvents: (): void => {},
  promises,
};
