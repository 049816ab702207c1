// Preloaded by the bench of the overhead (`node --import`): counters, gauges and histograms that count nothing.
import { Counter, Gauge, Histogram } from 'prom-client';

const nothing = () => {};
// An instance takes its `inc` and `observe` from these when it is made.
Object.assign(Counter.prototype, { incWithoutExemplar: nothing });
Object.assign(Histogram.prototype, { observeWithoutExemplar: nothing, startTimer: () => nothing });
Object.assign(Gauge.prototype, { inc: nothing, dec: nothing });
