import { ConfigError, loadConfig } from '@toolmesh/shared/kit/service/config';
import type { z } from 'zod';
import { SERVICES } from '../../mesh/services.ts';
import { loadMeshConfig } from '../../services/mcp-server/src/mesh-config/load-mesh-config.ts';
import { settingsSchema } from '../service-definition.ts';
import { type Finding, ok, warning, wrong } from './finding.ts';

/** Checks that the services would start with these settings; each finding is a setting to correct. */
export async function checkSettings(env: NodeJS.ProcessEnv): Promise<readonly Finding[]> {
  // Each service is given its own port by whoever starts it.
  const { PORT: _port, ...settings } = env;
  const found = await Promise.all(SERVICES.map(async ({ name }) => problemsWith(await settingsSchema(name), settings)));
  const problems = new Set(found.flat());
  if (problems.size === 0) return [ok('Settings', 'can be used as they are')];
  return [...problems].map((problem) => wrong('Settings', problem, 'mend it in the environment or in .env'));
}

function problemsWith(schema: z.ZodObject, env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(schema, env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}

/** Checks that mesh.json can be read, lists the upstreams that it names, and says what is wrong with each entry. */
export async function checkMeshFile(env: NodeJS.ProcessEnv): Promise<readonly Finding[]> {
  const path = env['MESH_CONFIG'] || 'mesh.json';
  try {
    const { mcpServers, warnings } = loadMeshConfig(path, env);
    const used = Object.entries(mcpServers).filter(([, { disabled }]) => !disabled);
    const good = used.filter(([, { kind }]) => kind !== 'unusable').map(([name]) => name);
    return [
      ok('Upstreams', `${path} names ${good.length === 0 ? 'none' : good.join(', ')}`),
      ...used.flatMap(([, entry]) => (entry.kind === 'unusable' ? entry.problems : [])).map(wrongEntry),
      ...warnings.map((text) => warning('Upstreams', text, 'correct or remove it in mesh.json')),
    ];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [wrong('Upstreams', error.message.replaceAll('\n', '; '), 'mend the file, or point MESH_CONFIG to another')];
  }
}

const wrongEntry = (problem: string): Finding =>
  wrong('Upstreams', problem, 'correct the entry; npm run mesh -- test tries it');
