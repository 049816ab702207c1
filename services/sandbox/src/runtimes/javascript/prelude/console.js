// Prelude: console, as Node prints it. `inspector` is node-inspect-extracted; `print(fd, text)` writes.

function createConsole(inspector, print) {
  const counts = new Map();
  const timers = new Map();
  let indent = '';

  const line = (fd, args) => {
    const text = inspector.format(...args);
    print(fd, `${indent === '' ? text : indent + text.replaceAll('\n', `\n${indent}`)}\n`);
  };
  const out = (...args) => line(1, args);
  const err = (...args) => line(2, args);
  const elapsed = (label) => `${label}: ${Date.now() - (timers.get(label) ?? Date.now())}ms`;

  const group = (...args) => {
    if (args.length > 0) out(...args);
    indent += '  ';
  };

  return {
    log: out,
    info: out,
    debug: out,
    error: err,
    warn: err,
    dir: (value, options) => out(inspector.inspect(value, options)),
    dirxml: out,
    table: (data, columns) => {
      const drawn = formatTable(inspector, data, columns);
      if (drawn === undefined) out(data);
      else out('%s', drawn);
    },
    trace: (...args) => err(`Trace: ${inspector.format(...args)}`),
    assert: (condition, ...args) => {
      if (!condition) err(`Assertion failed${args.length === 0 ? '' : `: ${inspector.format(...args)}`}`);
    },
    count: (label = 'default') => {
      counts.set(label, (counts.get(label) ?? 0) + 1);
      out(`${label}: ${counts.get(label)}`);
    },
    countReset: (label = 'default') => void counts.delete(label),
    time: (label = 'default') => void timers.set(label, Date.now()),
    timeLog: (label = 'default', ...args) => out(elapsed(label), ...args),
    timeEnd: (label = 'default') => {
      out(elapsed(label));
      timers.delete(label);
    },
    group,
    groupCollapsed: group,
    groupEnd: () => {
      indent = indent.slice(2);
    },
    clear() {},
  };
}
