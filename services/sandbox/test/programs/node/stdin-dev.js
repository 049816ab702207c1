// from: competitive programming
// only: namespaces
// stdin: 1\n2\n3
// stdout: ^3\n$

const fs = require('fs'); console.log(fs.readFileSync('/dev/stdin', 'utf8').trim().split('\n').length);
