// Kills all that it may, itself among them.
// only: namespaces
// expect: killed|success|error
process.kill(-1, 'SIGKILL');
