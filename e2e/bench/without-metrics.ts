// Preloaded by the bench of the overhead (`node --import`): counters, gauges and histograms that count nothing.
import { Counter, Gauge, Histogram } from 'prom-client';

const nothing = () => {};
Object.assign(Counter.prototype, { inc: nothing });
Object.assign(Gauge.prototype, { inc: nothing, dec: nothing, set: nothing });
Object.assign(Histogram.prototype, { observe: nothing, startTimer: () => nothing });
