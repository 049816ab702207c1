// Setters that catch what is written into fresh objects.
// expect: success | error | timeout
// timeout_ms: 1500
for (const name of ['result', 'stdout', 'error', 'exit_code', 'artifacts', '0', 'length', 'path', 'data']) {
  try {
    Object.defineProperty(Object.prototype, name, { set() { throw new Error('caught'); }, get() { return 'forged'; }, configurable: true });
  } catch {}
}
console.log('done');
