// from: documentation of cluster
// only: namespaces
// stdout: ^true \w+ object\nworker\nworker gone 0\n$

const cluster = require('cluster'); const os = require('os');
if (cluster.isPrimary) { console.log(os.cpus().length > 0, os.userInfo().username, typeof os.networkInterfaces()); cluster.fork().on('exit', (c) => console.log('worker gone', c)); } else { console.log('worker'); process.exit(0) }
