// from: node core
// stdout: ^ba7816bf true\n$

const crypto = require('crypto');
const hash = crypto.createHash('sha256').update('abc').digest('hex');
console.log(hash.slice(0, 8), /^[0-9a-f-]{36}$/.test(crypto.randomUUID()));
