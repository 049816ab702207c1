// from: ordinary code
// stdout: ^3\n$

async function main() {
  const values = await Promise.all([1, 2].map(async (n) => n));
  console.log(values.reduce((a, b) => a + b, 0));
}
main();
