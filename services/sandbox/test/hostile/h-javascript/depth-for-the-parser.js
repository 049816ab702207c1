// Source so deep that the parser itself gives up.
// expect: success | error | killed
const sources = ['['.repeat(200_000), '('.repeat(200_000), `${'a=>'.repeat(50_000)}1`, `${'!'.repeat(200_000)}1`, `${'{'.repeat(100_000)}`];
for (const source of sources) {
  try { eval(source); } catch {}
}
console.log('done');
