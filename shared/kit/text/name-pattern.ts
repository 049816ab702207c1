/**
 * Returns the test of a pattern in which `*` stands for any characters, none included. Looks for its parts one after the
 * other: a name is read once, however long it is.
 */
export function namePattern(pattern: string): (name: string) => boolean {
  const [first = '', ...parts] = pattern.split('*');
  const last = parts.pop();
  if (last === undefined) return (name) => name === pattern;
  return (name) => {
    let at = first.length;
    if (!name.startsWith(first)) return false;
    for (const part of parts) {
      const found = name.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return name.length - last.length >= at && name.endsWith(last);
  };
}
