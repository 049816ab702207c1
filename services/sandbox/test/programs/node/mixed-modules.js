// from: programs with files of every kind
// only: namespaces
// stdout: ^1 2 1 1 4 1\n$
// artifacts: c.cjs, d.json, e.ts, m.mjs

const fs = require('fs'); fs.writeFileSync('m.mjs', 'export const a = 1; export default 2'); fs.writeFileSync('c.cjs', 'module.exports = { k: 1 }'); fs.writeFileSync('d.json', '{"j": 1}'); fs.writeFileSync('e.ts', 'export enum E { A = 4 }; export const t: number = 1;');
(async () => { const m = await import('./m.mjs'); console.log(m.a, m.default, require('./c.cjs').k, require('./d.json').j, require('./e.ts').E.A, (await import('./e')).t) })();
