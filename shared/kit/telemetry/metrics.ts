import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type { Counter, Gauge, Histogram } from 'prom-client';

interface MetricOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly Label[];
}

/** Seconds, from a cheap tool call to the longest run of the sandbox. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

export type Metrics = ReturnType<typeof createMetrics>;

/** The metrics of one service instance. Tests never share counters through prom-client's global registry. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  /** `collect` is called at each scrape, for what is counted elsewhere. */
  const counter = <Label extends string>(
    options: MetricOptions<Label> & { collect?: (this: Counter<Label>) => void },
  ) => new Counter<Label>({ ...options, labelNames: options.labelNames ?? [], registers });
  /** `collect` is called at each scrape, for values that are read rather than counted. */
  const gauge = <Label extends string>(
    options: MetricOptions<Label> & { collect?: (this: Gauge<Label>) => Promise<void> | void },
  ) => new Gauge<Label>({ ...options, labelNames: options.labelNames ?? [], registers });
  /** Durations in seconds. */
  const histogram = <Label extends string>(options: MetricOptions<Label> & { buckets?: readonly number[] }) =>
    new Histogram<Label>({
      ...options,
      labelNames: options.labelNames ?? [],
      buckets: [...(options.buckets ?? DURATION_BUCKETS)],
      registers,
    });

  return {
    counter,
    gauge,
    histogram,
    contentType: registry.contentType,
    /** The Prometheus text exposition of everything. */
    text: () => registry.metrics(),
    http: {
      requests: counter({
        name: 'http_requests_total',
        help: 'HTTP requests answered',
        labelNames: ['method', 'route', 'status'],
      }),
      seconds: histogram({
        name: 'http_request_duration_seconds',
        help: 'Time to answer an HTTP request, in seconds',
        labelNames: ['method', 'route'],
      }),
      authFailures: startedAtZero(
        counter({
          name: 'http_auth_failures_total',
          help: 'Requests without a key that is needed (missing) and with one that is wrong, by the kind of key: api, admin',
          labelNames: ['key', 'reason'],
        }),
      ),
      inFlight: gauge({ name: 'http_requests_in_flight', help: 'HTTP requests being answered now' }),
    },
  };
}

/** Exposes every series of a counter from the start: Prometheus cannot see the first increase of one that is new. */
function startedAtZero(failures: Counter<'key' | 'reason'>): Counter<'key' | 'reason'> {
  for (const key of ['api', 'admin']) for (const reason of ['missing', 'wrong']) failures.inc({ key, reason }, 0);
  return failures;
}
