// `npm run mesh`: adds, removes, lists, tries and imports the servers of mesh.json. A running hub reads the file again by
// itself.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { ConfigError } from '@toolmesh/shared/kit/service/config';
import { CommandError } from './mesh/command-error.ts';
import { runCommand } from './mesh/run-command.ts';
import { askOnTerminal, type Surroundings } from './mesh/surroundings.ts';

if (existsSync('.env')) process.loadEnvFile('.env');
const { env } = process;
const around: Surroundings = {
  path: env['MESH_CONFIG'] || 'mesh.json',
  env,
  home: env['HOME'] || homedir(),
  folder: env['INIT_CWD'] || process.cwd(),
  print: (line) => void process.stdout.write(`${line}\n`),
  ask: process.stdin.isTTY && process.stdout.isTTY ? askOnTerminal : undefined,
};

try {
  process.exitCode = (await runCommand(process.argv.slice(2), around)) ? 0 : 1;
} catch (error) {
  if (!isForUser(error)) throw error;
  process.stderr.write(`mesh: ${error.message}\n`);
  process.exitCode = 1;
}
// A server that does not end must not keep the command.
process.exit();

function isForUser(error: unknown): error is Error {
  if (error instanceof CommandError || error instanceof ConfigError) return true;
  return Error.isError(error) && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
