import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { findToolJail, limited, type Tool, type ToolLimits } from '../../jail/tool-jail.ts';
import { type ProcessEnd, runProcess } from './run-process.ts';

export interface ToolRun extends Tool {
  readonly limits: ToolLimits;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Runs pip or npm, in a jail where one can be had. @throws as `runProcess` */
export type RunTool = (run: ToolRun) => Promise<ProcessEnd>;

export interface RunToolOptions {
  /** Path of bubblewrap. */
  readonly bwrap: string;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Looks for the jail once, when the first tool runs. */
export function createRunTool({ bwrap, logger }: RunToolOptions): RunTool {
  let searching: ReturnType<typeof findToolJail> | undefined;
  const search = async () => {
    const found = await findToolJail(bwrap);
    if ('reason' in found) logger.warn({ reason: found.reason }, 'pip and npm run without a jail');
    return found;
  };
  return async ({ limits, timeoutMs, signal, ...tool }) => {
    searching ??= search();
    const jail = await searching;
    const command = limited(tool.command, limits);
    const options = { cwd: tool.writable, timeoutMs, signal };
    if ('reason' in jail) {
      const [file = '', ...args] = command;
      return runProcess([file, ...args], { ...options, env: tool.env });
    }
    return runProcess(jail({ ...tool, command }), { ...options, env: {} });
  };
}

/** Returns the folders that a program outside of `/usr` is installed in: beside its own `bin`, and its real one's. */
export function prefixesOf(program: string): readonly string[] {
  const prefixes = [program, realpathOf(program)].map((path) => dirname(dirname(path)));
  return [...new Set(prefixes)].filter((path) => path !== '/' && path !== '/usr' && !path.startsWith('/usr/'));
}

function realpathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
