// What other systems tell in /proc and /sys.
// only: namespaces
// expect: success
// stdout: CONTAINED
const fs = require('node:fs');
const read = [];
for (const path of ['/proc/self/environ', '/proc/1/environ', '/proc/1/cmdline', '/proc/self/maps', '/proc/self/mem', '/proc/net/tcp', '/proc/kallsyms', '/proc/1/root/etc/shadow', '/sys/kernel/debug', '/dev/mem', '/dev/kmsg', '/proc/sys/kernel/core_pattern', '/etc/passwd', '/run/secrets']) {
  try {
    read.push(`${path}: ${String(fs.readFileSync(path)).slice(0, 40)}`);
  } catch {}
}
console.log(read.length === 0 ? 'CONTAINED' : `ESCAPED ${read}`);
