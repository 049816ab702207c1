// from: paths of other code interpreters
// stdout: ^hi\n$
// artifacts: a.txt text/plain 2

const fs = require('fs');
fs.writeFileSync('/mnt/data/a.txt', 'hi');
console.log(fs.readFileSync('/mnt/data/a.txt', 'utf8'));
