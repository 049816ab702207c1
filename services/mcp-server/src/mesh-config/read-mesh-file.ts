import { readFileSync } from 'node:fs';
import { ConfigError } from '@toolmesh/shared/kit/service/config';

/** Returns the value that the JSON file at `path` holds. @throws ConfigError for a file that cannot be read or parsed. */
export function readMeshFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new ConfigError(`MESH_CONFIG: ${path} cannot be read`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`MESH_CONFIG: ${path} is not valid JSON: ${Error.isError(error) ? error.message : ''}`);
  }
}
