// from: patriksimek/vm2#512
// only: namespaces
// status: error
// error: no network

const response = await fetch('https://api.example.com/data');
console.log(await response.json());
