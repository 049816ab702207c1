import {
  type Attributes,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind as OtelKind,
  SpanStatusCode,
  trace as traceApi,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { TraceContext } from './trace-context.ts';
import type { Recorder, SpanAttributes } from './span.ts';
import type { TracingOptions } from './tracing.ts';
import { VERSION } from '../service/version.ts';

export interface RecorderOptions extends Omit<TracingOptions, 'endpoint'> {
  readonly endpoint: string;
}

const KINDS = { server: OtelKind.SERVER, client: OtelKind.CLIENT, internal: OtelKind.INTERNAL };
/** A collector that hangs must neither keep a service from stopping nor pile up spans. */
const EXPORT_TIMEOUT_MS = 5_000;
const STOP_TIMEOUT_MS = 2_000;
const SEND_EVERY_MS = 1_000;
const MAX_VALUE_LENGTH = 256;
const LOSS_PAUSE_MS = 60_000;

/**
 * Records spans by OpenTelemetry and sends them to `endpoint` as OTLP over HTTP. Only `tracing.ts` loads this file, and
 * only where tracing is on. Callers decide what is sampled (flag 01 of their traceparent); what starts here is.
 */
export function createRecorder({ service, endpoint, onLoss }: RecorderOptions): Recorder {
  reportLosses(onLoss);
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`;
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.namespace': 'toolmesh',
      'service.version': VERSION,
    }),
    spanLimits: { attributeValueLengthLimit: MAX_VALUE_LENGTH },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS }),
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
        scheduledDelayMillis: SEND_EVERY_MS,
      }),
    ],
  });
  const tracer = provider.getTracer('toolmesh', VERSION);

  return {
    start({ name, kind, attributes }, parent) {
      const options = { kind: KINDS[kind], attributes: present(attributes) };
      const span = tracer.startSpan(name, options, parent === undefined ? ROOT_CONTEXT : contextOf(parent));
      const { traceId, spanId, traceFlags } = span.spanContext();
      return {
        trace: { traceId, spanId, flags: traceFlags.toString(16).padStart(2, '0') },
        set: (more) => void span.setAttributes(present(more)),
        rename: (next) => void span.updateName(next),
        fail(type) {
          span.setAttribute('error.type', type);
          span.setStatus({ code: SpanStatusCode.ERROR });
        },
        end: () => span.end(),
      };
    },
    async stop() {
      const end = new AbortController();
      const late = new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, STOP_TIMEOUT_MS);
        end.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
      });
      await Promise.race([provider.shutdown().catch(() => {}), late]);
      end.abort();
    },
  };
}

function contextOf({ traceId, spanId, flags }: TraceContext) {
  const traceFlags = Number.parseInt(flags, 16);
  return traceApi.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

const present = (attributes: SpanAttributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));

/** The SDK tells its troubles to one place; what it says may hold addresses, and is left out. */
function reportLosses(onLoss: () => void): void {
  let quietUntil = 0;
  const report = () => {
    if (performance.now() < quietUntil) return;
    quietUntil = performance.now() + LOSS_PAUSE_MS;
    onLoss();
  };
  const logger = { error: report, warn: () => {}, info: () => {}, debug: () => {}, verbose: () => {} };
  diag.setLogger(logger, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
}
