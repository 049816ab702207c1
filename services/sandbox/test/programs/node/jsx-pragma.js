// from: preact and hand-made JSX
// only: namespaces
// stdout: ^\{"t":"div","p":\{"id":"a"\},"c":\[2\]\}\n$

/** @jsx h */
const h = (t, p, ...c) => ({ t, p, c });
console.log(JSON.stringify(<div id="a">{1 + 1}</div>));
