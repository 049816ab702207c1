import type { ServerContext } from '@modelcontextprotocol/server';

/** A result as it goes over the wire. */
export type Result = Record<string, unknown>;

/** A question for whoever has called: elicitation, sampling, roots. */
export interface Question {
  readonly method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list';
  readonly params: Record<string, unknown>;
}

/** The abilities of a running call, in any era. */
export interface FixtureCall {
  readonly args: Record<string, unknown>;
  readonly context: ServerContext;
  /** The capabilities that the caller declares. */
  readonly capabilities: Record<string, unknown>;
  /** The `requestState` of a repeated call. */
  readonly state: string | undefined;
  /** Asks and waits, or ends the call with `input_required` when the caller is asked that way. */
  ask(questions: Readonly<Record<string, Question>>, requestState?: string): Promise<Record<string, Result>>;
  /** Makes the lists differ from what they were, and tells of it. */
  changeTools(): Promise<void>;
  changePrompts(): Promise<void>;
  /** Tells that a resource has changed. */
  updateResource(uri: string): Promise<void>;
}

export interface FixtureTool {
  readonly description: string;
  readonly inputSchema?: Record<string, unknown>;
  readonly outputSchema?: Record<string, unknown>;
  readonly annotations?: Record<string, unknown>;
  run(call: FixtureCall): Promise<Result> | Result;
}

export type FixtureTools = Readonly<Record<string, FixtureTool>>;

export const text = (said: string): Result => ({ content: [{ type: 'text', text: said }] });

/** An elicitation of a form with these properties. */
export const form = (message: string, properties: Record<string, unknown>, required: readonly string[]): Question => ({
  method: 'elicitation/create',
  params: { message, requestedSchema: { type: 'object', properties, required } },
});

export const sampling = (prompt: string, maxTokens: number): Question => ({
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: { type: 'text', text: prompt } }], maxTokens },
});

export const ROOTS: Question = { method: 'roots/list', params: {} };
