// from: TSX
// only: namespaces
// stdout: ^div hi\n$

const React = { createElement: (type: string, _props: unknown, ...children: string[]) => ({ type, children }) };
const element = <div>hi</div>;
console.log(element.type, element.children.join());
