// from: old scripts
// only: namespaces
// stdout: ^7 8 true object\n$

x = 5; with ({ y: 2 }) { x += y } ; console.log(x, 010, this === module.exports, typeof arguments);
