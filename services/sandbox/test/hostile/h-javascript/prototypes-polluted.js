// Properties that everything has from now on: also what the sandbox makes of its result?
// expect: success | error
const poison = { status: 'forged', exit_code: 99, path: '../../x', data: 5, then: undefined, error: 'forged' };
for (const [name, value] of Object.entries(poison)) Object.prototype[name] = value;
Array.prototype.toJSON = () => 'forged';
String.prototype.toJSON = () => 'forged';
console.log('done');
