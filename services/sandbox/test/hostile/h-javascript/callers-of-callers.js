// Who called, who called that, and with what.
// expect: success
// stdout: CONTAINED
function who() {
  const chain = [];
  try {
    for (let at = who; at && chain.length < 50; at = at.caller) chain.push(at, ...(at.arguments ?? []));
    chain.push(arguments.callee.caller);
  } catch {}
  return chain;
}
const strange = who().filter((found) => found?.constructor?.constructor?.('return globalThis')() !== globalThis && found !== null);
if (strange.some((found) => typeof found === 'function')) console.log('ESCAPED to', strange);
console.log('CONTAINED');
