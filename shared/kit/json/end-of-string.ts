const BACKSLASH = 0x5c;

/** Returns the index of the quote that ends the JSON string which begins at `start`, or the text's end. */
export function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
    // An even number of backslashes are escapes of each other.
    if ((end - first) % 2 === 0) return end;
  }
  return text.length;
}
