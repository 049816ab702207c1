import { isBuiltin } from 'node:module';
import type { ExecuteArguments, ExecutionResult } from '@toolmesh/shared/contracts/execution';
import { distributionFor } from '../packages/names/import-names.ts';

type Failure = NonNullable<ExecutionResult['error']>;
type Program = Pick<ExecuteArguments, 'language' | 'files' | 'session_id'>;

/** A kind of error, and the way out of it; undefined where there is none. */
interface Kind {
  readonly types: RegExp;
  readonly message: RegExp;
  hint(match: RegExpExecArray, program: Program): string | undefined;
}

const PYTHON: readonly Kind[] = [
  {
    types: /^(?:ModuleNotFoundError|ImportError)$/,
    message: /^No module named '([\w.]+)'$/,
    hint: ([, module = '']) => missingModule(module),
  },
  {
    types: /^ImportError$/,
    message: /^Missing optional dependency '([\w.-]+)'/,
    hint: ([, name = '']) => howToGet(name),
  },
  {
    types: /^EOFError$/,
    message: /^EOF when reading a line/,
    hint: () => 'input() had nothing to read: give the text that it reads as stdin, or set the values in the program',
  },
  {
    types: /^(?:ChromeNotFoundError|BrowserFailedError|BrowserDepsError|ValueError|RuntimeError)$/,
    message: /kaleido|chrome|browser/i,
    hint: () =>
      'There is no Chrome in the sandbox to make a picture of a plotly figure: use fig.show() or fig.write_html(), or draw with matplotlib',
  },
  {
    types: /^(?:URLError|gaierror|OSError|PermissionError|\w*Connect\w*|MaxRetryError|HTTPError|timeout)$/,
    message:
      /name resolution|Name or service not known|Network is unreachable|getaddrinfo|urlopen error|Failed to resolve|Max retries exceeded|nodename nor servname/,
    hint: () => 'There is no network in the sandbox: pass what the program needs in files',
  },
  {
    types: /^FileNotFoundError$/,
    message: /No such file or directory: '([^']+)'/,
    hint: ([, path = ''], program) => missingFile(path, program),
  },
  {
    types: /^OSError$/,
    message: /File too large/,
    hint: () => 'A file may have 64 MiB',
  },
  {
    types: /^(?:RuntimeError|BlockingIOError)$/,
    message: /can't start new thread|Resource temporarily unavailable/,
    hint: () => 'A program may have 144 processes and threads together: use a smaller pool',
  },
];

const NODE: readonly Kind[] = [
  {
    types: /^Error$/,
    message: /^Cannot find (?:module|package) '([^'./][^']*)'(?! imported from \/opt)/,
    hint: ([, module = '']) => {
      // Where there is no module of these, the runtime itself says why.
      if (isBuiltin(module) || module === 'toolmesh') return undefined;
      const name = distributionFor('npm', module);
      return name === undefined ? UNKNOWN : howToGet(name);
    },
  },
];

/** Adds to an error the way out of it, where there is one that the program's author may not know. */
export function withHint(error: Failure | null, program: Program): Failure | null {
  if (error === null) return null;
  const kinds = program.language === 'python' ? PYTHON : program.language.endsWith('script') ? NODE : [];
  for (const { types, message, hint } of kinds) {
    const match = types.test(error.type) ? message.exec(error.message) : null;
    const text = match === null ? undefined : hint(match, program);
    if (text !== undefined) return { ...error, message: `${error.message}. ${text}` };
  }
  return error;
}

const NO_WINDOWS = 'There are no windows in the sandbox: draw with matplotlib or Pillow, whose pictures are returned';

const NO_TOOLS = 'Programs call tools in a jail of namespaces alone (`npm run doctor` says what that needs)';

/** Modules that no package brings here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  tkinter: NO_WINDOWS,
  _tkinter: NO_WINDOWS,
  turtle: NO_WINDOWS,
  pip: 'A program cannot install packages: name them in packages of the call, or use install_package first',
  toolmesh: NO_TOOLS,
  js: 'There is no browser around this program',
};

function missingModule(module: string): string | undefined {
  const [top = ''] = module.split('.');
  if (Object.hasOwn(ELSEWHERE, top)) return ELSEWHERE[top];
  // One that the interpreter of a system would have.
  if (top.startsWith('_') || SYSTEM_MODULES.has(top)) return `${top} needs an operating system, which is not there`;
  const distribution = distributionFor('pypi', module);
  return distribution === undefined ? UNKNOWN : howToGet(distribution);
}

/** No name is made up: somebody may have registered what models like to think of. */
const UNKNOWN = 'No well-known package has it; one that you know is named in packages of the call';

const SYSTEM_MODULES = new Set(
  'pwd grp fcntl termios resource multiprocessing curses readline syslog pty tty ssl dbm msvcrt winreg winsound'.split(
    ' ',
  ),
);

const howToGet = (name: string): string => `Call again with packages: ["${name}"], or use install_package first`;

function missingFile(path: string, { files = [], session_id }: Program): string | undefined {
  const names = files.map((file) => file.path);
  if (names.includes(path) || !/\.\w{2,5}$/.test(path)) return undefined;
  if (names.length > 0) return `The working directory was given ${names.join(', ')}`;
  if (session_id !== undefined) return undefined;
  return 'The call gave the program no files: pass them in files, or keep them with session_id';
}
