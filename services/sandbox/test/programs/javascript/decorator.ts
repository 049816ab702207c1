// from: decorators
// only: namespaces|isolate
// status isolate: error
// stdout isolate: ^$
// error isolate: namespaces jail, in which JavaScript is real Node
// stdout: ^call add\n3\n$

function log(method: any, context: ClassMethodDecoratorContext) {
  return function (this: any, ...args: any[]) {
    console.log('call', String(context.name));
    return method.apply(this, args);
  };
}
class Sum {
  @log
  add(a: number, b: number) {
    return a + b;
  }
}
console.log(new Sum().add(1, 2));
