// expect: success
// only: namespaces
// stdout: CONTAINED
process.removeAllListeners();
process.emit = undefined;
process.exitCode = 0;
process.on = undefined;
console.log('CONTAINED');
