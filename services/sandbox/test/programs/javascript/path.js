// from: node core
// stdout: ^a/b.txt .txt\n$

const path = require('path');
console.log(path.join('a', 'b.txt'), path.extname('b.txt'));
