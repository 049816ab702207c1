// from: node core
// stdout: ^hello\n$

const zlib = require('zlib');
console.log(zlib.gunzipSync(zlib.gzipSync('hello')).toString());
