// Modules by every name and every way to ask for one.
// only: isolate
// expect: success
// stdout: CONTAINED
const names = ['child_process', 'net', 'http', 'https', 'dgram', 'dns', 'vm', 'v8', 'worker_threads', 'cluster', 'inspector',
  'repl', 'isolated-vm', 'pyodide', '/etc/passwd', './main.js', '../../package.json', 'file:///etc/passwd',
  'data:text/javascript,export default 1', 'https://example.com/x.js', '__proto__', 'constructor', 'toString', 'node:constructor'];
for (const name of names) {
  const ways = [() => require(name), () => import(name), () => eval(`import(${JSON.stringify(name)})`), () => new Function('n', 'return import(n)')(name)];
  for (const way of ways) {
    try {
      const found = await way();
      // What every object inherits is no module of anybody's.
      if (found !== undefined && !['__proto__', 'constructor', 'toString', 'node:constructor'].includes(name)) console.log('ESCAPED with', name);
    } catch {}
  }
}
console.log('CONTAINED');
