// Methods that everything uses, gone or broken.
// expect: success | error | timeout | killed
// timeout_ms: 1500
for (const type of [Array, String, Map, Set, Promise, RegExp, Function, Uint8Array]) {
  for (const name of Object.getOwnPropertyNames(type.prototype)) {
    try { if (name !== 'constructor') type.prototype[name] = () => { throw new Error('gone'); }; } catch {}
  }
}
