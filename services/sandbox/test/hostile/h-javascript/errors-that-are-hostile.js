// An error none of whose parts can be had.
// expect: error
class Shy extends Error {
  get name() { throw new Shy(); }
  get message() { throw new Shy(); }
  get stack() { throw new Shy(); }
  get cause() { throw new Shy(); }
}
throw new Shy();
