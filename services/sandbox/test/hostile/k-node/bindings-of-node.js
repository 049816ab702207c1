// The internals of Node, by which a program goes round its modules.
// only: namespaces
// expect: success
// stdout: CONTAINED
const found = [];
for (const name of ['fs', 'spawn_sync', 'process_wrap', 'tcp_wrap', 'uv', 'os', 'natives', 'util', 'contextify']) {
  try {
    const binding = process.binding(name);
    for (const path of ['/etc/shadow', '/root', '/proc/1/environ', '/var/run/docker.sock']) {
      if (name === 'fs' && require('fs').existsSync(path)) found.push(path);
    }
    if (typeof binding !== 'object') found.push(name);
  } catch {}
}
for (const [name, value] of Object.entries(process.env)) if (/canary/i.test(name + value)) found.push(name);
console.log(found.length === 0 ? 'CONTAINED' : `ESCAPED ${found}`);
