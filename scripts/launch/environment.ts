import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { environmentFor, takeEnvironment } from '@toolmesh/shared/kit/service/environment';
import { SERVICES, portVariable } from '../../mesh/services.ts';
import { settingsFor } from '../../mesh/settings.ts';
import { variableNames } from '../../services/mcp-server/src/mesh-config/variables/variable-names.ts';

/** Variables of the launcher itself: none is a secret. */
const OWN = new Set(['LOG_LEVEL', ...SERVICES.map(({ name }) => portVariable(name))]);

/**
 * Reads the environment and, where it has no value, the file `.env`. Nothing of it stays where another process could
 * see it: this process lives as long as the mesh.
 */
export function readEnvironment(): NodeJS.ProcessEnv {
  return { ...readDotEnv(), ...takeEnvironment(OWN) };
}

function readDotEnv(): NodeJS.ProcessEnv {
  try {
    return parseEnv(readFileSync('.env', 'utf8'));
  } catch {
    return {};
  }
}

/**
 * Returns the part of `env` that one service gets: its own settings and the basics. The hub also gets the variables that
 * mesh.json names.
 */
export function environmentOf(service: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = settingsFor(service).map(({ name }) => name);
  const named = service === 'mcp-server' ? variableNames(env['MESH_CONFIG'] || 'mesh.json') : [];
  const given = service === 'mcp-server' ? { ...env, ...ownOfHub(env) } : env;
  return environmentFor(new Set([...names, ...named]), given);
}

/** Facts that the launcher knows and the hub cannot: the file of variables, and the folders of other services. */
const ownOfHub = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  MESH_ENV_FILE: env['MESH_ENV_FILE'] || resolve('.env'),
  MESH_PRIVATE_FOLDERS: dataFolders(env).join(','),
});

/** Folders of data that have another place than the usual one: no command of mesh.json may see them. */
const dataFolders = (env: NodeJS.ProcessEnv): readonly string[] =>
  ['MESH_PRIVATE_FOLDERS', 'CHAT_DATA_DIR', 'SANDBOX_DATA_DIR', 'SANDBOX_CACHE_DIR'].flatMap((name) => env[name] || []);
