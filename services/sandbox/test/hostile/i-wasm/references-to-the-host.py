# What the host has put into the isolate, if any of it is more than a function that takes and gives numbers.
# expect: success
# stdout: CONTAINED
# only: wasm
import pyodide_js


def run_js(source):
    return pyodide_js.constructor.constructor("source", "return (0, eval)(source)")(source)


print(run_js("""
  const seen = new Set(), queue = [globalThis], bad = [];
  const tags = /^\\[object (Reference|Isolate|Context|ExternalCopy|Callback|NativeModule)\\]$/;
  while (queue.length > 0 && seen.size < 30000) {
    const thing = queue.pop();
    if (seen.has(thing)) continue;
    seen.add(thing);
    if (tags.test(Object.prototype.toString.call(thing))) bad.push(String(thing));
    for (const key of Reflect.ownKeys(thing)) {
      let value;
      try { value = thing[key]; } catch { continue; }
      if (value !== null && (typeof value === 'object' || typeof value === 'function')) queue.push(value);
    }
    const above = Object.getPrototypeOf(thing);
    if (above !== null) queue.push(above);
  }
  bad.length > 0 ? 'ESC' + 'APED: ' + bad : 'CONTAINED'
"""))
