// Errors that suppress errors, while things are put away.
// expect: error
{
  using first = { [Symbol.dispose]() { throw new Error('first'); } };
  using second = { [Symbol.dispose]() { throw new Error('second'); } };
  throw new Error('third');
}
