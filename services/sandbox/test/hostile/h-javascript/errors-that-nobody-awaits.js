// Rejections without a handler, some thousand of them.
// expect: error | success
for (let i = 0; i < 10_000; i += 1) Promise.reject(new Error(`lost ${i}`));
console.log('done');
