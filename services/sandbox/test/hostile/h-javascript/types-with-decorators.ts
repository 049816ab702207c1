// Decorators are calls.
// expect: success | error
function spy(target: unknown, context: unknown) { console.log(typeof target, typeof context); }
class Decorated { @spy method() {} }
new Decorated();
