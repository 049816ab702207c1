// from: web API
// only: namespaces
// stdout: ^aGk= hi\n$

console.log(btoa('hi'), atob('aGk='));
