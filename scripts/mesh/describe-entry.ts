import type { RawEntry } from '../../services/mcp-server/src/mesh-config/document/find-entries.ts';
import { translateEntry } from '../../services/mcp-server/src/mesh-config/translate-entry.ts';

const MAX_CHARS = 100;

/** Returns an entry in one line: its address, or its command without variables. References stay as they are. */
export function describeEntry(raw: RawEntry): string {
  const { fields } = translateEntry(raw, { resolve: (known) => known });
  const { url, command, args, openapi } = fields;
  const line = [url ?? openapi ?? command, ...(Array.isArray(args) ? args : [])].filter(
    (word) => typeof word === 'string',
  );
  const text = line.length === 0 ? 'no url, command or openapi' : line.join(' ');
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS - 3)}...` : text;
}
