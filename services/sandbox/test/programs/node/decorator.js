// from: decorators of the standard
// only: namespaces
// stdout: ^call m\n$
// result: ^3$

function logged(value, { kind, name }) { return function (...a) { console.log('call', name); return value.apply(this, a) } }
class A { @logged m(x) { return x + 1 } }
new A().m(2)
