/** Something that a user can correct: its message is all that is printed. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
