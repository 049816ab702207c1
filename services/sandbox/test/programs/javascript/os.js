// from: node core
// stdout: ^string linux\n$

const os = require('os');
console.log(typeof os.EOL, os.platform());
