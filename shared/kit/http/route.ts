import type { Express, Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import { checkInput, MeshError } from '../faults/errors.ts';
import { jsonBody } from './json-body.ts';

/** The schemas of what a route takes; what is absent is not read. */
export interface RouteInput {
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
}

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** A handler's request: parsed input, and the means to stop in time or to answer by itself. */
export interface RouteCall<Input extends RouteInput> {
  readonly params: Parsed<Input['params']>;
  readonly query: Parsed<Input['query']>;
  readonly body: Parsed<Input['body']>;
  /** Aborts when the caller goes away before the answer is complete. */
  readonly signal: AbortSignal;
  readonly req: Request;
  readonly res: Response;
}

/** One HTTP route: its place, its schemas, its documentation and its handler in one. */
export interface Route {
  readonly method: 'get' | 'post' | 'delete';
  /** An Express pattern: `/sessions/:id`. */
  readonly path: string;
  /** One line for the API documentation; a route without one is not documented. */
  readonly summary?: string;
  readonly input: RouteInput;
  readonly response?: z.ZodType;
  readonly handler: RequestHandler;
}

export interface RouteDefinition<Input extends RouteInput, Output> extends Omit<Route, 'handler' | 'input'> {
  readonly input?: Input;
  /** Returns the JSON to answer with, or undefined when it answered through `res` itself. */
  handle(call: RouteCall<Input>): Promise<Output | undefined> | Output | undefined;
}

/** Ties a handler to its schemas: the input it gets has been validated, what it returns is sent as JSON. */
export function defineRoute<Input extends RouteInput = {}, Output = unknown>(
  definition: RouteDefinition<Input, Output>,
): Route {
  const { handle, input: given, ...route } = definition;
  const input: RouteInput = given ?? {};
  return {
    ...route,
    input,
    handler: async (req, res) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each part has just been parsed with its schema
      const answer = await handle({
        params: parse(input.params, req.params, 'path'),
        query: parse(input.query, req.query, 'query'),
        body: parse(input.body, req.body, 'body'),
        signal: signalOf(res),
        req,
        res,
      } as RouteCall<Input>);
      if (answer !== undefined) res.json(answer);
    },
  };
}

/** Adds `routes` to `app`; a body is read only where a route has a schema for it. */
export function mountRoutes(app: Express, routes: readonly Route[], maxBodyBytes: number): void {
  const readBody = [jsonBody(maxBodyBytes), requireJson];
  for (const { method, path, input, handler } of routes) {
    app[method](path, ...(input.body === undefined ? [] : readBody), handler);
  }
}

/** Reading skips a body of another type; saying so beats a complaint about missing fields. */
const requireJson: RequestHandler = (req, _res, next) => {
  if (req.body !== undefined) return next();
  const type = req.get('content-type') ?? 'none';
  throw new MeshError('invalid_request', `Expected a JSON body with content-type application/json; came ${type}`);
};

function parse(schema: z.ZodType | undefined, value: unknown, part: string): unknown {
  if (schema === undefined) return undefined;
  return checkInput(schema, value, { code: 'invalid_request', subject: `The request's ${part} is not as expected` });
}

/** Aborts when the connection closes before `res` was ended. */
export function signalOf(res: Response): AbortSignal {
  const controller = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) controller.abort(new MeshError('unavailable', 'The caller went away'));
  });
  return controller.signal;
}
