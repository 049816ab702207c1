import type { Result } from '../faces.ts';

/** A request as a service has received it, by the echo. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface DocumentCall {
  readonly tool: string;
  readonly args: object;
  /** True where the request that arrived, or the result, is as it should be. */
  readonly holds: (seen: { readonly received: Received; readonly result: Result }) => boolean;
}

/** A document that others have written, as users put it into their mesh.json. */
export interface DocumentCase {
  readonly name: string;
  readonly version: string;
  /** Returns the entry; `echo` is a service that answers with what it received. @throws NotToBeHad */
  readonly entry: (echo: string) => Promise<object>;
  readonly operations: number;
  /** Operations that may be left out, each of which has to be named with its reason. */
  readonly leftOut?: number;
  /** At most so many KiB are listed. */
  readonly listKib: number;
  readonly calls: readonly DocumentCall[];
  readonly notes?: readonly string[];
}
