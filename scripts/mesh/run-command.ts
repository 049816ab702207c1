import { parseArgs } from 'node:util';
import { add } from './add.ts';
import { listCatalogue } from './catalogue.ts';
import { CommandError } from './command-error.ts';
import { importEntries } from './import.ts';
import { list } from './list.ts';
import { openMeshFile, saveMeshFile, withoutEntry } from './mesh-file.ts';
import type { Surroundings } from './surroundings.ts';
import { tryEntries } from './try-entries.ts';

const USAGE = `Usage: npm run mesh -- <command>

  add <name>                    adds a ready server: git, jira, github ... (see catalogue)
      --env NAME=value          a setting of it; secrets belong into .env
      --from <ready server>     its name in the catalogue, where the entry shall have another
  add <name> --url <URL>        adds an MCP server over HTTP
      --header "Name: value"    sent with each request; write secrets as \${NAME}
      --transport http|sse      default: found out
  add <name> -- <command> ...   adds an MCP server that runs as a command; also --command "<command> ..."
      --env NAME=value          a variable of it; write secrets as \${NAME}
      --cwd <folder>
  add <name> --openapi <URL>    adds a REST service by its OpenAPI document
      --prefix <text>           before the names of its tools       (for all)
      --timeout-ms <number>     how long a call may be silent       (for all)
      --force                   replaces an entry of the same name  (for all)
  remove <name>                 removes an entry
  list                          lists the entries, with their status where the hub runs
  test [<name>]                 starts or connects one entry, or all, and lists what they offer
      --timeout-s <number>      default 90
  import [<program or file>]    adds the servers of claude, claude-code, cursor, vscode, windsurf, cline, roo, gemini,
                                continue, zed, opencode, or of a file; by default of all that are found
      --yes                     does not ask
      --force                   replaces entries of the same name
  catalogue [<word>]            lists the servers that are ready to be added

The file is mesh.json, or what MESH_CONFIG names. Comments and order stay.
`;

/** A command as it was given. */
interface Given {
  /** The word after the verb. */
  readonly name: string | undefined;
  readonly values: ReturnType<typeof parse>['values'];
  /** The words after `--`. */
  readonly command: readonly string[];
  readonly around: Surroundings;
}

/** Runs a command. Resolves with whether all went well. */
type Run = (given: Given) => Promise<boolean>;

const COMMANDS: Readonly<Record<string, Run>> = {
  add: runAdd,
  async remove({ name, around }) {
    saveMeshFile(withoutEntry(openMeshFile(around.path), needed(name, 'remove')));
    around.print(`Removed ${name ?? ''} from ${around.path}.`);
    return true;
  },
  async list({ around }) {
    await list(around);
    return true;
  },
  test: ({ name, values, around }) =>
    tryEntries({ name, timeoutMs: Number(values['timeout-s']) * 1_000 || 90_000 }, around),
  import: ({ name, values: { yes, force }, around }) => importEntries({ source: name, yes, force }, around),
  async catalogue({ name, around }) {
    listCatalogue(name, around);
    return true;
  },
  async help({ around }) {
    around.print(USAGE);
    return true;
  },
};

/** Runs the command that `words` give. Resolves with whether all went well. @throws CommandError, or what parseArgs throws */
export async function runCommand(words: readonly string[], around: Surroundings): Promise<boolean> {
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  const { positionals, values } = parse(words.slice(0, end));
  const [verb = 'help', name] = positionals;
  const run = COMMANDS[values.help === true ? 'help' : verb];
  if (run === undefined) throw new CommandError(`there is no command ${JSON.stringify(verb)}.\n\n${USAGE}`);
  return run({ name, values, command: words.slice(end + 1), around });
}

const parse = (words: readonly string[]) =>
  parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      url: { type: 'string' },
      openapi: { type: 'string' },
      command: { type: 'string' },
      arg: { type: 'string', multiple: true, default: [] },
      env: { type: 'string', short: 'e', multiple: true, default: [] },
      header: { type: 'string', short: 'H', multiple: true, default: [] },
      transport: { type: 'string' },
      prefix: { type: 'string' },
      cwd: { type: 'string' },
      from: { type: 'string' },
      'timeout-ms': { type: 'string' },
      'timeout-s': { type: 'string', default: '90' },
      yes: { type: 'boolean', short: 'y', default: false },
      force: { type: 'boolean', short: 'f', default: false },
    },
  });

async function runAdd({ name, values, command, around }: Given): Promise<boolean> {
  const program = values.command === undefined ? [] : [values.command, ...values.arg];
  const options = { ...values, name: needed(name, 'add'), command: [...program, ...command] };
  await add({ ...options, timeoutMs: values['timeout-ms'] }, around);
  return true;
}

/** @throws CommandError when it is missing */
function needed(name: string | undefined, verb: string): string {
  if (name !== undefined && name !== '') return name;
  throw new CommandError(`${verb} needs the name of an entry: npm run mesh -- ${verb} <name>`);
}
