// Code that only exists in TypeScript.
// expect: success
// stdout: 3 6
enum Level { Low = 1, High = Low + (() => 2)() }
namespace Space { export const value = Level.High * 2; }
class Point { constructor(public x: number, private y = 2) {} }
console.log(Level.High, Space.value, new Point(1).x);
