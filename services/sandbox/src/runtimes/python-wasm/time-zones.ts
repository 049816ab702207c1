import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ZONES = '/usr/share/zoneinfo';
/** Copies of the other zones, and ones that count leap seconds. */
const COPIES = /^(?:posix|right)\//;
const MAGIC = 'TZif';
const MAX_ZONE_BYTES = 64 * 1_024;

/** Returns the time zones of this machine, as `zones.py` takes them: base64 by name; none where it has no database. */
export function timeZonesAsPython(directory = ZONES): string {
  const zones = namesBelow(directory).flatMap((name) => {
    const data = readFileSync(join(directory, name));
    const isZone = data.length <= MAX_ZONE_BYTES && data.subarray(0, MAGIC.length).toString() === MAGIC;
    return isZone ? [[name, data.toString('base64')]] : [];
  });
  return `ZONES = ${JSON.stringify(Object.fromEntries(zones))}\n`;
}

function namesBelow(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
      .filter((name) => !COPIES.test(name))
      .toSorted();
  } catch {
    return [];
  }
}
