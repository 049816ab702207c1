// from: a component in TypeScript
// only: namespaces
// stdout: ^\["b",\{"n":2\}\]\n$

/** @jsx h */
const h = (name: string, props: object | null) => [name, props];
interface Props { n: number }
const view = (p: Props) => <b n={p.n} />;
console.log(JSON.stringify(view({ n: 2 })));
