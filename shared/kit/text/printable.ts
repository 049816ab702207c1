// oxlint-disable-next-line no-control-regex -- these are what is removed
const COLOURS = /\u001b\[[0-9;?]*[ -/]*[@-~]/g;
// oxlint-disable-next-line no-control-regex -- these are what is removed
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\s]+/g;

/**
 * Returns text that came from a peer as one line that can be shown: without control characters, which colours of
 * terminals and marks of direction are, and cut to `max` characters.
 */
export function printable(text: string, max = 300): string {
  const line = text
    .slice(0, max * 4)
    .replaceAll(COLOURS, '')
    .replaceAll(CONTROLS, ' ')
    .trim();
  return line.length > max ? `${line.slice(0, max)}…` : line;
}
