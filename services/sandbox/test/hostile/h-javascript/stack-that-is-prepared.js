// The engine lets a program say how stacks are shown, and gives it the frames for it: also those of the host?
// only: isolate
// expect: success | error
// stdout: CONTAINED
let reached = [];
Error.stackTraceLimit = Infinity;
Error.prepareStackTrace = (_error, frames) => {
  for (const frame of frames) {
    for (const read of ['getThis', 'getFunction', 'getFileName', 'getEvalOrigin', 'getScriptNameOrSourceURL']) {
      let value;
      try { value = frame[read]?.(); } catch { continue; }
      if (typeof value === 'string' && /node:|\.ts\b|\/.*\//.test(value)) reached.push(value);
      if (typeof value === 'function' && value.constructor('return globalThis')() !== globalThis) reached.push(read);
    }
  }
  return 'prepared';
};
String(new Error('look').stack);
console.log(reached.length > 0 ? `ESCAPED: ${reached}` : 'CONTAINED');
null.x;
