// expect: error | killed
Error.stackTraceLimit = 1_000_000;
const dive = (depth) => (depth === 0 ? null.x : dive(depth - 1));
dive(5_000);
