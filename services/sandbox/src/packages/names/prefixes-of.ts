/** Returns `a`, `a.b` and `a.b.c` of `a.b.c`. */
export function prefixesOf(module: string): readonly string[] {
  const parts = module.split('.');
  return parts.map((_, at) => parts.slice(0, at + 1).join('.'));
}
