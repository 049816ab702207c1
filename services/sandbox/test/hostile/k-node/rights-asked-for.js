// Other users, other processes' rights.
// only: namespaces
// expect: success
// stdout: CONTAINED
const gained = [];
for (const name of ['setuid', 'setgid', 'seteuid', 'setegid']) {
  try {
    process[name](0);
    gained.push(name);
  } catch {}
}
try {
  process.setgroups([0]);
  gained.push('setgroups');
} catch {}
try {
  require('node:os').setPriority(0, -20);
  gained.push('setPriority');
} catch {}
try {
  require('node:os').setPriority(process.ppid, 19);
  gained.push('setPriority of the supervisor');
} catch {}
console.log(gained.length === 0 ? 'CONTAINED' : `ESCAPED ${gained}`);
