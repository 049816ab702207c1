// from: competitive programming
// stdin: 20 22
// stdout: ^42\n$

let text = '';
process.stdin.on('data', (part) => { text += part; });
process.stdin.on('end', () => console.log(text.split(' ').map(Number).reduce((a, b) => a + b)));
