import type { Row, Step } from '../report.ts';

export interface ClientContext {
  /** Address of the hub, before which server-everything is. */
  readonly hub: string;
  readonly step: Step;
  readonly row: Row;
}

/** A client that others have written. */
export interface ClientCase {
  readonly name: string;
  readonly version: string;
  /** Uses the hub step by step. @throws NotToBeHad */
  readonly use: (context: ClientContext) => Promise<void>;
}
