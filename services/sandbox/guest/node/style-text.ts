import { inspect } from 'node-inspect-extracted';

const COLORS: ReadonlyMap<string, unknown> = new Map(Object.entries(inspect.colors));

/** Node's util.styleText. @throws TypeError for a format that there is none of */
export function styleText(format: string | readonly string[], text: string): string {
  const formats = typeof format === 'string' ? [format] : format;
  return formats.reduceRight((styled, name) => {
    const codes = COLORS.get(name);
    if (!Array.isArray(codes))
      throw new TypeError(`The argument 'format' must be one of the known styles. Received '${name}'`);
    return `\u001b[${String(codes[0])}m${styled}\u001b[${String(codes[1])}m`;
  }, text);
}
