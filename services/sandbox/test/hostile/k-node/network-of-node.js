// Every way out that Node has.
// only: namespaces
// expect: success
// stdout: CONTAINED
const net = require('node:net');
const dgram = require('node:dgram');
const dns = require('node:dns/promises');
const out = [];
const connect = (options) =>
  new Promise((resolve) => {
    const socket = net.connect(options, () => resolve(out.push(JSON.stringify(options))));
    socket.on('error', resolve);
    socket.setTimeout(300, () => resolve(socket.destroy()));
  });
const places = ['169.254.169.254', '1.1.1.1', '10.0.0.1', '172.17.0.1', '::1'].map((host) => ({ host, port: 80 }));
for (const place of [...places, { host: '127.0.0.1', port: 8001 }, { path: '/var/run/docker.sock' }, { path: '\0docker' }]) await connect(place);
try {
  const socket = dgram.createSocket('udp4').on('error', () => {});
  await new Promise((resolve) => {
    socket.on('error', resolve);
    socket.send('x', 53, '8.8.8.8', (error) => resolve(error ?? out.push('udp')));
  });
} catch {}
await dns.resolve('example.com').then(() => out.push('dns'), () => {});
await dns.lookup('example.com').then(() => out.push('lookup'), () => {});
await fetch('http://example.com').then(() => out.push('fetch'), () => {});
console.log(out.length === 0 ? 'CONTAINED' : `ESCAPED ${out}`);
process.exit(0);
