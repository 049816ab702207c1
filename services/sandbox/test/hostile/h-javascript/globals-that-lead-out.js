// What a program of Node would find.
// only: isolate
// expect: success
// stdout: CONTAINED
const names = ['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource', 'Worker', 'SharedWorker', 'BroadcastChannel', 'navigator',
  'Deno', 'Bun', 'importScripts', 'WebAssembly', 'gc', 'd8', 'load', 'read', 'ivm'];
const found = names.filter((name) => globalThis[name] !== undefined && globalThis[name] !== globalThis);
const secrets = ['mainModule', 'binding', '_linkedBinding', 'dlopen', 'kill', 'pid', 'execPath', 'report', 'getBuiltinModule'];
found.push(...secrets.filter((name) => process[name] !== undefined));
found.push(...Object.keys(process.env));
console.log(found.length > 0 ? `ESCAPED: ${found}` : 'CONTAINED');
