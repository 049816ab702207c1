/** A tool call that the demo provider reads out of a message. */
export interface Intent {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** The calls that a reader found in a text, and the rest of the text for the next reader. */
export interface Reading {
  readonly intents: readonly Intent[];
  readonly rest: string;
}
