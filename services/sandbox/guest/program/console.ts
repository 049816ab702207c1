import { format, inspect } from 'node-inspect-extracted';
import { host } from '../shared/host.ts';
import { formatTable } from './console-table.ts';

/** Returns a console that prints as Node's does. */
export function createConsole() {
  const counts = new Map<string, number>();
  const timers = new Map<string, number>();
  let indent = '';

  const line = (fd: number, args: readonly unknown[]): void => {
    const text = format(...args);
    host.print(fd, `${indent === '' ? text : indent + text.replaceAll('\n', `\n${indent}`)}\n`);
  };
  const out = (...args: unknown[]): void => line(1, args);
  const err = (...args: unknown[]): void => line(2, args);
  const elapsed = (label: string) => `${label}: ${Date.now() - (timers.get(label) ?? Date.now())}ms`;

  const group = (...args: unknown[]): void => {
    if (args.length > 0) out(...args);
    indent += '  ';
  };

  const console = {
    log: out,
    info: out,
    debug: out,
    error: err,
    warn: err,
    dir: (value: unknown, options?: object): void => out(inspect(value, options)),
    dirxml: out,
    table: (data: unknown, columns?: readonly string[]): void => {
      const drawn = formatTable(data, columns);
      if (drawn === undefined) out(data);
      else out('%s', drawn);
    },
    trace: (...args: unknown[]): void => err(`Trace: ${format(...args)}`),
    assert: (condition: unknown, ...args: unknown[]): void => {
      if (!condition) err(`Assertion failed${args.length === 0 ? '' : `: ${format(...args)}`}`);
    },
    count: (label = 'default'): void => {
      counts.set(label, (counts.get(label) ?? 0) + 1);
      out(`${label}: ${counts.get(label)}`);
    },
    countReset: (label = 'default'): void => void counts.delete(label),
    time: (label = 'default'): void => void timers.set(label, Date.now()),
    timeLog: (label = 'default', ...args: unknown[]): void => out(elapsed(label), ...args),
    timeEnd: (label = 'default'): void => {
      out(elapsed(label));
      timers.delete(label);
    },
    group,
    groupCollapsed: group,
    groupEnd: (): void => {
      indent = indent.slice(2);
    },
    clear(): void {},
  };
  return console;
}
