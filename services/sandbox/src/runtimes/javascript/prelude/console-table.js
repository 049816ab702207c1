// Prelude: console.table, as Node draws it.

const VALUES = 'Values';

/** The drawing of `data` with the columns of its rows, or with `only` those; undefined for what is no table. */
function formatTable(inspector, data, only) {
  if (data === null || typeof data !== 'object') return undefined;
  const cell = (value) => {
    const isWide = value !== null && typeof value === 'object' && Object.keys(value).length > 2;
    const depth = isWide && !Array.isArray(value) ? -1 : 0;
    return inspector.inspect(value, { depth, maxArrayLength: 3, breakLength: Infinity });
  };
  const field = (row, name) => {
    const descriptor = Object.getOwnPropertyDescriptor(row, name);
    return descriptor?.get === undefined ? cell(row[name]) : '[Getter]';
  };
  const rows = rowsOf(data).map(([index, value]) => {
    const isRow = value !== null && /object|function/.test(typeof value);
    const cells = isRow ? Object.keys(value).map((name) => [name, field(value, name)]) : [[VALUES, cell(value)]];
    return { index, cells: new Map(cells) };
  });
  const found = new Set(rows.flatMap(({ cells }) => [...cells.keys()]));
  const columns = only ?? [...found].filter((name) => name !== VALUES);
  if (only === undefined && found.has(VALUES)) columns.push(VALUES);
  return draw(
    [data instanceof Map || data instanceof Set ? '(iteration index)' : '(index)', ...columns],
    rows.map(({ index, cells }) => [index, ...columns.map((name) => cells.get(name) ?? '')]),
  );
}

function rowsOf(data) {
  if (data instanceof Map) return [...data].map(([Key, value], i) => [`${i}`, { Key, [VALUES]: value }]);
  return data instanceof Set ? [...data].map((value, i) => [`${i}`, value]) : Object.entries(data);
}

function draw(heads, rows) {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i].length)) + 2);
  const rule = (left, middle, right) => left + widths.map((width) => '─'.repeat(width)).join(middle) + right;
  const line = (cells) => `│${cells.map((text, i) => ` ${text}`.padEnd(widths[i])).join('│')}│`;
  return [rule('┌', '┬', '┐'), line(heads), rule('├', '┼', '┤'), ...rows.map(line), rule('└', '┴', '┘')].join('\n');
}
