import { json } from 'node:stream/consumers';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { z } from 'zod';

const Value = z.looseObject({
  stringValue: z.string().optional(),
  intValue: z.union([z.string(), z.number()]).optional(),
  doubleValue: z.number().optional(),
  boolValue: z.boolean().optional(),
  arrayValue: z.unknown().optional(),
});
const Attributes = z.array(z.object({ key: z.string(), value: Value })).default([]);
const Export = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: Attributes }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
              kind: z.number(),
              attributes: Attributes,
              status: z.looseObject({ code: z.number().optional() }).default({}),
            }),
          ),
        }),
      ),
    }),
  ),
});

const KINDS = ['unspecified', 'internal', 'server', 'client'];

export interface ReceivedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
}

/** A collector: hears spans by OTLP over HTTP, as JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp). */
export async function serveOtlp() {
  const spans: ReceivedSpan[] = [];
  const bodies: string[] = [];
  const server = await serveRaw((req, res) => {
    void json(req).then((body) => {
      bodies.push(JSON.stringify(body));
      spans.push(...readSpans(body));
      res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  return {
    url: server.url,
    stop: server.stop,
    spans,
    /** All that came, as it came. */
    bodies,
  };
}

function readSpans(body: unknown): readonly ReceivedSpan[] {
  return Export.parse(body).resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)['service.name']);
    return scopeSpans.flatMap((scope) =>
      scope.spans.map(({ traceId, spanId, parentSpanId, name, kind, attributes, status }) => ({
        service,
        traceId,
        spanId,
        parentSpanId: parentSpanId || undefined,
        name,
        kind: KINDS[kind] ?? 'unknown',
        attributes: valuesOf(attributes),
        failed: status.code === 2,
      })),
    );
  });
}

const valuesOf = (attributes: z.output<typeof Attributes>): Record<string, unknown> =>
  Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue, doubleValue, boolValue, arrayValue } }) => [
      key,
      stringValue ?? (intValue === undefined ? undefined : Number(intValue)) ?? doubleValue ?? boolValue ?? arrayValue,
    ]),
  );
