// from: node core
// stdout: ^A,B\n$

const { Readable, Transform } = require('stream');
const out = [];
Readable.from(['a', 'b'])
  .pipe(new Transform({ objectMode: true, transform: (part, _, done) => done(null, String(part).toUpperCase()) }))
  .on('data', (part) => out.push(part))
  .on('end', () => console.log(out.join()));
