// import.meta knows where a module is from: in the program's own directory.
// only: isolate
// expect: success
// stdout: file:///work/main.js
console.log(import.meta.url);
