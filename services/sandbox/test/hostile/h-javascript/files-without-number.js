// Files until memory is full.
// expect: out_of_memory | timeout
// expect namespaces: error
// memory_mb: 64
// timeout_ms: 4000
// alone: yes
const fs = require('fs');
for (let i = 0; ; i += 1) fs.writeFileSync(`hostile-${i}`, new Uint8Array(1_000_000).fill(1));
