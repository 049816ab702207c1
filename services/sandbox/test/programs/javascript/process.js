// from: node core
// stdout: ^true true\nexit 0\n$

process.on('exit', (code) => console.log('exit', code));
console.log(process.memoryUsage().rss > 0, Number(process.versions.node.split('.')[0]) >= 20);
