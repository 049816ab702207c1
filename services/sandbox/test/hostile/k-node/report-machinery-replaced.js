// Everything that its report could be made with.
// only: namespaces
// expect: success|error
const nothing = () => {};
for (const holder of [Reflect, JSON, Object, Function.prototype, Promise.prototype, Promise, String.prototype, Array.prototype, Buffer, Buffer.prototype, require('fs'), require('util'), process]) {
  for (const name of Object.getOwnPropertyNames(holder)) {
    try {
      if (typeof holder[name] === 'function' && name !== 'constructor') holder[name] = nothing;
    } catch {}
  }
}
Object.prototype.toJSON = nothing;
Object.prototype.then = nothing;
