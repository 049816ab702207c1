// Objects that inherit nothing, not even a constructor to be named after.
// expect: success
// stdout: end
console.log(Object.create(null), Object.assign(Object.create(null), { a: 1 }), { __proto__: null });
console.log('end');
