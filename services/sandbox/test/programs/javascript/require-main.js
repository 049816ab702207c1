// from: CommonJS
// stdout: ^main /work\n$

module.exports = { a: 1 };
if (require.main === module) console.log('main', __dirname);
