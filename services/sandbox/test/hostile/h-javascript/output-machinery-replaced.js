// The encoder and the memory that output goes through.
// expect: success | error | killed
TextEncoder.prototype.encode = () => { throw new Error('encode'); };
Uint8Array.prototype.set = () => { throw new Error('set'); };
Atomics.store = () => { throw new Error('store'); };
try { console.log('done'); } catch {}
globalThis.console = null;
globalThis.process = null;
