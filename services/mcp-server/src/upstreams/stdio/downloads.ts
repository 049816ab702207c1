import { basename } from 'node:path';

/** Programs that fetch the server before they run it. */
const ALWAYS = new Set(['npx', 'uvx', 'bunx', 'pnpx']);
/** Programs that do so by their first argument. */
const BY_ARGUMENT: Readonly<Record<string, readonly string[]>> = {
  npm: ['exec', 'x'],
  pnpm: ['dlx', 'exec'],
  yarn: ['dlx'],
  bun: ['x'],
  deno: ['run'],
  uv: ['run', 'tool', 'x'],
  pipx: ['run'],
  docker: ['run', 'compose'],
  podman: ['run'],
  nerdctl: ['run'],
};

/** Returns whether a command fetches packages or images when it is started for the first time. */
export function downloads(command: string, args: readonly string[]): boolean {
  const program = basename(command).replace(/\.(?:cmd|exe)$/i, '');
  if (ALWAYS.has(program)) return true;
  const [first = ''] = args.filter((argument) => !argument.startsWith('-'));
  return BY_ARGUMENT[program]?.includes(first) === true;
}
