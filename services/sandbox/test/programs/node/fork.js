// from: documentation of child_process
// only: namespaces
// stdout: hello\n

const { fork, execSync, spawn } = require('child_process');
if (process.argv[2] === 'child') { process.send('hi ' + process.pid % 1); process.exit(0); }
const c = fork(__filename, ['child']); c.on('message', m => console.log('parent got', m));
console.log(execSync('echo hello').toString().trim());
spawn('node', ['-e', 'console.log(1+1)'], {stdio: 'inherit'});
