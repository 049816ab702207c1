// from: node:fs
// artifacts: log.txt text/plain 6

const out = require('fs').createWriteStream('log.txt');
out.write('one');
out.end('two');
