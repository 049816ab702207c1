// Becomes another program, which has no report.
// only: namespaces
// expect: success|error|killed
// stdout: CONTAINED|^$
if (process.execve === undefined) console.log('CONTAINED');
else process.execve('/usr/bin/sh', ['sh', '-c', 'echo CONTAINED; cat /etc/shadow; exit 3'], process.env);
