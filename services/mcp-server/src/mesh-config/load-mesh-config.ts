import { ConfigError } from '@toolmesh/shared/kit/service/config';
import { problemsOf } from '@toolmesh/shared/kit/faults/errors';
import { z } from 'zod';
import { NamePart } from './common-keys.ts';
import { expandVariables } from './expand-variables.ts';
import { readMeshFile } from './read-mesh-file.ts';
import { UpstreamEntry } from './upstream-entry.ts';

const MeshConfig = z.strictObject({ mcpServers: z.record(NamePart, UpstreamEntry) });
export type MeshConfig = z.output<typeof MeshConfig>;

/**
 * Reads mesh.json. In its values `${NAME}` and `${NAME:-fallback}` stand for environment variables.
 * @throws ConfigError that lists every problem.
 */
export function loadMeshConfig(path: string, env: NodeJS.ProcessEnv): MeshConfig {
  const problems: string[] = [];
  const parsed = MeshConfig.safeParse(expandVariables(readMeshFile(path), env, problems));
  if (!parsed.success)
    problems.push(...problemsOf(parsed.error).map((problem) => `${problem.path}: ${problem.message}`));
  if (!parsed.success || problems.length > 0) throw new ConfigError(`MESH_CONFIG: ${path}\n${problems.join('\n')}`);
  return parsed.data;
}
