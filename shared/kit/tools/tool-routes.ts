import { z } from 'zod';
import { MeshError } from '../faults/errors.ts';
import { currentContext } from '../telemetry/request-context.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { createEventStream } from '../http/sse.ts';
import { quietContext, type ToolCatalogue } from './tool.ts';

/** Names the conversation that a call belongs to. */
const CONVERSATION_HEADER = 'x-conversation-id';

const ToolName = z.object({ name: z.string() });
const ToolCall = z.object({ arguments: z.record(z.string(), z.unknown()).default({}) });

/** Builds the REST face of a catalogue: `GET /tools`, `POST /tools/{name}`, `POST /tools/{name}/stream`. */
export function toolRoutes(catalogue: ToolCatalogue): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/tools',
      summary: 'Lists the tools with their schemas',
      handle: () => ({ tools: catalogue.list() }),
    }),
    defineRoute({
      method: 'post',
      path: '/tools/:name',
      input: { params: ToolName, body: ToolCall },
      handle: ({ params, body, signal, req }) =>
        catalogue.call(params.name, body.arguments, quietContext(signal, req.get(CONVERSATION_HEADER))),
    }),
    defineRoute({
      method: 'post',
      path: '/tools/:name/stream',
      summary: 'Runs a tool and streams server-sent events: progress, chunk, result or error, done',
      input: { params: ToolName, body: ToolCall },
      handle: async ({ params, body, signal, req, res }) => {
        const stream = createEventStream(res);
        let index = 0;
        try {
          const result = await catalogue.call(params.name, body.arguments, {
            signal,
            wantsProgress: true,
            conversation: req.get(CONVERSATION_HEADER),
            progress: ({ progress, total, message }) => stream.send('progress', { progress, total, message }),
            chunk: (data) => stream.send('chunk', { index: index++, data }),
          });
          stream.send('result', { status: result.is_error ? 'error' : 'success', data: result });
          stream.send('done', { status: result.is_error ? 'failed' : 'complete' });
        } catch (thrown) {
          const error = MeshError.from(thrown);
          // A call that did not start is answered with its status, as long as nothing has been sent.
          if (!stream.isOpen && error.status < 500) throw thrown;
          stream.send('error', error.toBody(currentContext()?.requestId));
          stream.send('done', { status: signal.aborted ? 'cancelled' : 'failed' });
          // The caller has the error; a bug also goes to the log, through the one error handler.
          if (error.code === 'internal') {
            stream.end();
            throw thrown;
          }
        }
        stream.end();
        return undefined;
      },
    }),
  ];
}
