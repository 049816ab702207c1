// from: ordinary code
// artifacts: out.json application/json 7

const fs = require('fs');
fs.writeFileSync('out.json', JSON.stringify({ a: 1 }));
