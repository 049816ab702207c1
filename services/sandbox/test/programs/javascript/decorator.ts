// from: decorators
// only: namespaces
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
