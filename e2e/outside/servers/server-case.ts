import type { Result } from '../faces.ts';

/** A call that users of the server make, and what its result has to say. */
export interface Call {
  readonly tool: string;
  /** Arguments; `face` is a word for the face that is used, for calls that may be made only once with one name. */
  readonly args: (face: string) => object;
  /** Text that the result has. */
  readonly says?: RegExp;
  readonly isError?: boolean;
  /** @throws Error for a result that is not what it should be. */
  readonly check?: (result: Result) => void;
}

/** A server as users put it into their mesh.json. */
export interface ServerCase {
  readonly name: string;
  readonly version: string;
  /** Starts what the entry needs. @throws NotToBeHad */
  readonly entry: () => Promise<object>;
  /** At least so many tools are listed. */
  readonly tools: number;
  /** Made one after the other over each face. */
  readonly calls: readonly Call[];
  /** Made by two sessions in parallel, each with arguments of its own. @throws Error when one sees what is the other's. */
  readonly session?: (call: SessionCall, own: string) => Promise<void>;
  /** Prompts and resources that are to be there. */
  readonly offers?: { readonly prompt?: string; readonly promptArgs?: object; readonly resource?: string };
  readonly notes?: readonly string[];
}

export type SessionCall = (tool: string, args: object) => Promise<Result>;

/** @throws Error that says what came instead. */
export function expectText(result: Result, wanted: RegExp): void {
  if (!wanted.test(result.text))
    throw new Error(`expected ${wanted}, received ${JSON.stringify(result).slice(0, 300)}`);
}
