#!/usr/bin/env node
// The command of the package: runs on whatever Node the machine has, and starts the mesh on the Node that comes along.
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { become } from './become.mjs';

const MIN_NODE_MAJOR = 24;
const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(PACKAGE, 'dist');
const DATA = resolve(
  process.env.TOOLMESH_DATA_DIR || join(process.env.XDG_DATA_HOME || join(homedir(), '.local/share'), 'toolmesh'),
);

const USAGE = `Usage: toolmesh <command>

  start         runs the mesh: the chat page, the hub, the sandbox
  mesh          adds, removes, lists, tries and imports servers: toolmesh mesh help
  doctor        says what is wrong with the machine, the settings or the mesh, and what to do
  python-layer  builds the libraries of programs in Python now; a start does it in the background

Settings come from the environment and from .env in this folder; servers to plug in from mesh.json in this folder.
Chats and packages are kept in ${DATA} (TOOLMESH_DATA_DIR).
`;

const COMMANDS = {
  start: ['scripts/launch.js'],
  mesh: ['scripts/mesh.js'],
  doctor: ['scripts/doctor.js'],
  'python-layer': ['services/sandbox/src/commands/build-base-layer.js', join(DATA, 'sandbox')],
};

const [command = 'help', ...rest] = process.argv.slice(2);
if (['help', '--help', '-h'].includes(command)) process.stdout.write(USAGE);
else if (['version', '--version', '-v'].includes(command)) {
  process.stdout.write(`${JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')).version}\n`);
} else if (Object.hasOwn(COMMANDS, command)) {
  const [script, ...args] = COMMANDS[command];
  // What comes with the package is not for edits: a file of the user's own begins as a copy of it.
  if (command === 'mesh' && ['add', 'import'].includes(rest[0]) && !existsSync('mesh.json')) {
    copyFileSync(join(DIST, 'mesh.json'), 'mesh.json');
  }
  become(findNode(), [join(DIST, script), ...args, ...rest], environment());
} else fail(`toolmesh: there is no command "${command}".\n\n${USAGE}`);

/** The Node that was installed with the package, or the running one where that is new enough. */
function findNode() {
  try {
    const name = `node-${process.platform}-${process.arch}`;
    const own = join(createRequire(import.meta.url).resolve(`${name}/package.json`), '../bin/node');
    if (existsSync(own)) return own;
  } catch {
    // Not of this system, or installed without optional packages.
  }
  if (Number.parseInt(process.versions.node, 10) >= MIN_NODE_MAJOR) return process.execPath;
  return fail(`Toolmesh needs Node ${MIN_NODE_MAJOR}, and this is ${process.version}: see https://nodejs.org.\n`);
}

/** The settings that differ from a checkout: data beside the user's other data, and a mesh.json of the user's own. */
function environment() {
  const own = resolve('mesh.json');
  return {
    CHAT_DATA_DIR: join(DATA, 'middleware'),
    SANDBOX_CACHE_DIR: join(DATA, 'sandbox'),
    MESH_CACHE_DIR: join(DATA, 'mcp-server'),
    NODE_COMPILE_CACHE: join(DATA, 'compiled'),
    MESH_CONFIG: existsSync(own) ? own : join(DIST, 'mesh.json'),
    ...process.env,
  };
}

function fail(message) {
  process.stderr.write(message);
  process.exit(1);
}
