// Leaves while its files are too large to be handed over.
// expect: error
const fs = require('fs');
for (let i = 0; i < 30; i += 1) fs.writeFileSync(`hostile-${i}`, new Uint8Array(2 ** 20));
process.exit(1);
