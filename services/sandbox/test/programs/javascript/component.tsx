// from: TSX
// only: namespaces|isolate
// status isolate: error
// stdout isolate: ^$
// error isolate: namespaces jail, in which JavaScript is real Node
// stdout: ^div hi\n$

const React = { createElement: (type: string, _props: unknown, ...children: string[]) => ({ type, children }) };
const element = <div>hi</div>;
console.log(element.type, element.children.join());
