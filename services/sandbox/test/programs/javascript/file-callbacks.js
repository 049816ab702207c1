// from: node:fs
// file a.txt: abc
// stdout: ^abc\n$

require('fs').readFile('a.txt', 'utf8', (error, text) => console.log(error ?? text));
