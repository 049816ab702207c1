// from: benchmarks
// only: namespaces
// stdout: ^rss,heapTotal,heapUsed,external,arrayBuffers true true true true\n$

console.log(Object.keys(process.memoryUsage()).join(), process.memoryUsage().rss > 1e6, process.memoryUsage.rss() > 0, process.uptime() < 100, process.hrtime.bigint() > 0n);
