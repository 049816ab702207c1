// from: guard clauses at the top level
// only: namespaces
// stdout: ^early\n$

if (true) { console.log('early'); return; }
console.log('no');
