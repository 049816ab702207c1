import type { RequestHandler } from 'express';
import swaggerUi from 'swagger-ui-express';
import { createDocument, type ZodOpenApiPathsObject } from 'zod-openapi';
import { ErrorBody } from '../../contracts/errors.ts';
import type { Route } from './route.ts';
import { type Tool, ToolResult } from '../../contracts/tool.ts';

export interface ApiDescription {
  readonly title: string;
  readonly version: string;
  readonly routes: readonly Route[];
  readonly tools: readonly Tool[];
}

const JSON_TYPE = 'application/json';

const errorAnswer = {
  description: 'What went wrong, as a code and a message',
  content: { [JSON_TYPE]: { schema: ErrorBody } },
};

/** The OpenAPI 3.1 document of a service, from the schemas that its routes and tools validate with. */
export function openApiDocument({ title, version, routes, tools }: ApiDescription): object {
  const paths: Record<string, ZodOpenApiPathsObject[string]> = {};
  for (const route of routes) {
    if (route.summary === undefined) continue;
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: describeRoute(route, path) };
  }
  for (const tool of tools) paths[`/tools/${tool.name}`] = { post: describeTool(tool) };
  return createDocument({ openapi: '3.1.0', info: { title, version }, paths });
}

function describeRoute({ method, summary, input, response }: Route, path: string) {
  const { params, query, body } = input;
  return {
    operationId: `${method}_${path.replaceAll(/\W+/g, '_').replaceAll(/^_|_$/g, '')}`,
    ...(summary === undefined ? {} : { summary }),
    requestParams: { ...(params && { path: params }), ...(query && { query }) },
    ...(body === undefined ? {} : { requestBody: { required: true, content: { [JSON_TYPE]: { schema: body } } } }),
    responses: {
      200: { description: 'Success', ...(response && { content: { [JSON_TYPE]: { schema: response } } }) },
      default: errorAnswer,
    },
  };
}

function describeTool({ name, title, description, input_schema, output_schema }: Tool) {
  const request = {
    type: 'object' as const,
    properties: { arguments: input_schema },
    required: ['arguments'],
  };
  return {
    operationId: name,
    summary: title ?? name,
    description,
    requestBody: { required: true, content: { [JSON_TYPE]: { schema: request } } },
    responses: {
      200: {
        description: `The result of the call${output_schema === undefined ? '' : '; its structured_content:'}`,
        content: { [JSON_TYPE]: { schema: output_schema === undefined ? ToolResult : resultWith(output_schema) } },
      },
      default: errorAnswer,
    },
  };
}

/** The tool result with the tool's own output schema in its place. */
function resultWith(output: Tool['input_schema']) {
  return {
    type: 'object' as const,
    properties: {
      tool: { type: 'string' as const },
      is_error: { type: 'boolean' as const },
      content: { type: 'array' as const, items: { type: 'object' as const } },
      structured_content: output,
      duration_ms: { type: 'number' as const },
    },
    required: ['tool', 'is_error', 'content', 'duration_ms'],
  };
}

/** The page that shows the document, served from the package's own files: it works without the internet. */
export function docsPage(): readonly RequestHandler[] {
  return [allowStoring, ...swaggerUi.serve, swaggerUi.setup(undefined, { swaggerOptions: { url: '/openapi.json' } })];
}

/** The page is the package's own and holds nothing secret: its files say themselves how long they may be kept. */
const allowStoring: RequestHandler = (_req, res, next) => {
  res.removeHeader('cache-control');
  next();
};
