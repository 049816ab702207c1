import { ConfigError, loadConfig } from '@toolmesh/shared/kit/service/config';
import type { z } from 'zod';
import { SERVICES } from '../../mesh/services.ts';
import { settingsSchema } from '../service-definition.ts';
import { type Finding, ok, wrong } from './finding.ts';

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

/** Checks that mesh.json can be read, and lists the upstreams that it names. */
export async function checkMeshFile(env: NodeJS.ProcessEnv): Promise<readonly Finding[]> {
  const path = env['MESH_CONFIG'] || 'mesh.json';
  try {
    const { upstreamNames } = await import('../../services/mcp-server/src/service.ts');
    const names = upstreamNames(path, { ...env, API_KEY: env['API_KEY'] });
    return [ok('Upstreams', `${path} names ${names.length === 0 ? 'none' : names.join(', ')}`)];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [wrong('Upstreams', error.message.replaceAll('\n', '; '), 'mend the file, or point MESH_CONFIG to another')];
  }
}
