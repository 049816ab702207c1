// Processes of Node that start processes of Node.
// only: namespaces
// expect: success|error|timeout|killed|out_of_memory
// timeout_ms: 3000
// alone: yes
const { spawn } = require('node:child_process');
const bomb = `const { spawn } = require('node:child_process');
setInterval(() => { for (let i = 0; i < 3; i += 1) spawn(process.execPath, ['-e', process.env.BOMB], { env: process.env, detached: true, stdio: 'ignore' }).on('error', () => {}).unref(); }, 10);`;
for (let i = 0; i < 10; i += 1) {
  spawn(process.execPath, ['-e', bomb], { env: { ...process.env, BOMB: bomb }, detached: true, stdio: 'ignore' }).on('error', () => {}).unref();
}
setInterval(() => {}, 1000);
