// from: Atomics and WebAssembly
// only: namespaces
// stdout: ^true 8 0\n$

const m = new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0])); console.log(m instanceof WebAssembly.Module, new SharedArrayBuffer(8).byteLength, Atomics.add(new Int32Array(new SharedArrayBuffer(8)), 0, 1));
