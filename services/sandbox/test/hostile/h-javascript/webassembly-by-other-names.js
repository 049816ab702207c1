// A WebAssembly memory is not counted as the heap is: there must be no way to one.
// only: isolate
// expect: success
// stdout: CONTAINED
const ways = [
  () => WebAssembly,
  () => new Function('return WebAssembly')(),
  () => (0, eval)('WebAssembly'),
  () => Reflect.ownKeys(globalThis).find((key) => String(key).includes('Wasm') || String(key).includes('WebAssembly')),
];
for (const way of ways) {
  try {
    const found = way();
    if (found !== undefined) console.log('ESCAPED to', found);
  } catch {}
}
console.log('CONTAINED');
