// A function made from text runs where its constructor is from.
// only: isolate
// expect: success
// stdout: CONTAINED
const makers = [
  this?.constructor?.constructor,
  (() => {}).constructor,
  (async () => {}).constructor,
  function* () {}.constructor,
  async function* () {}.constructor,
  class {}.constructor,
  console.log.constructor,
  setTimeout.constructor,
  require.constructor,
];
for (const make of makers) {
  const found = make?.('return typeof process + typeof process?.mainModule + typeof process?.binding')();
  if (typeof found === 'string' && found !== 'objectundefinedundefined') console.log('ESCAPED', found);
}
console.log('CONTAINED');
