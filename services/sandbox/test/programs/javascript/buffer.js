// from: laverdet/isolated-vm#329
// stdout: ^aGk= 6869\n$

console.log(Buffer.from('hi').toString('base64'), Buffer.from('hi').toString('hex'));
