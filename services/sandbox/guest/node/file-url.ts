/** Returns the path of a `file:` URL, or the path itself. */
export function fileURLToPath(given: unknown): string {
  const text = String(given);
  return text.startsWith('file://') ? decodeURIComponent(text.slice('file://'.length)) : text;
}
