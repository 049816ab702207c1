// from: web API
// stdout: ^aGk= hi\n$

console.log(btoa('hi'), atob('aGk='));
