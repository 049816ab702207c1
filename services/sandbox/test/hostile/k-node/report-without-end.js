// A report that never ends, on each descriptor.
// only: namespaces
// expect: success|error|timeout|killed
// timeout_ms: 4000
const fs = require('node:fs');
const part = Buffer.alloc(1 << 20, 0x20);
for (let i = 0; i < 200; i += 1) for (const fd of [4, 5]) {
  try {
    fs.writeSync(fd, part);
  } catch {}
}
