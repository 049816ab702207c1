import { ConfigError, loadConfig, serviceConfig } from '@toolmesh/shared/kit/service/config';
import type { z } from 'zod';
import { loadMeshConfig } from '../../services/mcp-server/src/mesh-config.ts';
import { MiddlewareConfig } from '../../services/middleware/src/config.ts';
import { SandboxConfig } from '../../services/sandbox/src/config.ts';
import { type Finding, ok, wrong } from './finding.ts';

/** Checks that the services would start with these settings; each finding is a setting to correct. */
export function checkSettings(env: NodeJS.ProcessEnv): readonly Finding[] {
  // Each service is given its own port by whoever starts it.
  const { PORT: _port, ...settings } = env;
  const problems = new Set([
    ...problemsWith(serviceConfig(0, {}), settings),
    ...problemsWith(MiddlewareConfig, settings),
    ...problemsWith(SandboxConfig, settings),
  ]);
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
export function checkMeshFile(env: NodeJS.ProcessEnv): readonly Finding[] {
  const path = env['MESH_CONFIG'] || 'mesh.json';
  try {
    const names = Object.keys(loadMeshConfig(path, { ...env, API_KEY: env['API_KEY'] }).mcpServers);
    return [ok('Upstreams', `${path} names ${names.length === 0 ? 'none' : names.join(', ')}`)];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [wrong('Upstreams', error.message.replaceAll('\n', '; '), 'mend the file, or point MESH_CONFIG to another')];
  }
}
