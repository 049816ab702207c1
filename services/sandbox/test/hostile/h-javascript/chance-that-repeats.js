// expect: success
// runs: 2
// distinct: yes
console.log(Math.random(), Math.random());
