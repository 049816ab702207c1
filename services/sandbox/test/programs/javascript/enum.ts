// from: ordinary TypeScript
// stdout: ^1 Red\n$

enum Color { Green, Red }
console.log(Color.Red, Color[Color.Red]);
