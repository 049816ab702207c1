// from: node:fs
// file a.txt: abc
// stdout: ^true 3 true\n$

const fs = require('fs');
const stat = fs.statSync('a.txt');
console.log(fs.readdirSync('.', { withFileTypes: true })[0].isFile(), stat.size, stat.mtime instanceof Date);
