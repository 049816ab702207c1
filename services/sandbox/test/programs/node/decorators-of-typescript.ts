// from: NestJS, TypeORM
// only: namespaces
// stdout: ^call m\n5 true\n$
// result: ^9$

import 'node:fs';
function log(target: any, key: string, d: PropertyDescriptor) { const o = d.value; d.value = function (...a: any[]) { console.log('call', key); return o.apply(this, a) } }
function Injectable() { return (c: Function) => { (c as any).inj = true } }
@Injectable()
class A { constructor(private readonly x: number = 3) {} @log m(y: number) { return this.x + y } }
console.log(new A().m(2), (A as any).inj);
namespace N { export const z = 9 }
abstract class B { abstract f(): number }
class C extends B { override f() { return N.z } }
new C().f() satisfies number
