// Everything that can be reached from the globals: a reference to the host among it would be the end of the sandbox.
// only: isolate
// expect: success
// stdout: CONTAINED
const seen = new Set();
const queue = [[globalThis, 'globalThis']];
const suspicious = [];
while (queue.length > 0 && seen.size < 20_000) {
  const [thing, path] = queue.pop();
  if (seen.has(thing)) continue;
  seen.add(thing);
  if (/^\[object (Reference|Isolate|Context|ExternalCopy|Callback|Module|NativeModule)\]$/.test(Object.prototype.toString.call(thing))) suspicious.push(path);
  const names = ['applySync', 'derefInto', 'copySync', 'createContextSync', 'compileScriptSync', 'mainModule', 'binding'];
  if (names.some((name) => { try { return name in thing; } catch { return false; } })) suspicious.push(path);
  for (const key of Reflect.ownKeys(thing)) {
    let value;
    try { value = thing[key]; } catch { continue; }
    if (value !== null && (typeof value === 'object' || typeof value === 'function')) queue.push([value, `${path}.${String(key)}`]);
  }
  const above = Object.getPrototypeOf(thing);
  if (above !== null) queue.push([above, `${path}.__proto__`]);
}
console.log(suspicious.length > 0 ? `ESCAPED: ${suspicious}` : 'CONTAINED');
