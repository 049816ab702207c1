// from: readFileSync().toString() gave "123,125"
// file a.json: {"n": 1}
// stdout: ^1\n$

const fs = require('fs');
console.log(JSON.parse(fs.readFileSync('a.json').toString()).n);
