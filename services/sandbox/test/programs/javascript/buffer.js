// from: laverdet/isolated-vm#329
// only: namespaces
// stdout: ^aGk= 6869\n$

console.log(Buffer.from('hi').toString('base64'), Buffer.from('hi').toString('hex'));
