/** A line of a plot: its points in the order of time. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [seconds: number, value: number])[];
}

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 64;
const RIGHT = 180;
const TOP = 12;
const BOTTOM = 28;
const COLORS = ['#4269d0', '#e07b00', '#d1495b', '#2a9d8f', '#8a5fbf', '#8c6d46', '#5b8c2a', '#6c757d'];
const TICKS = 4;

export interface Plot {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
  /** Length of the time axis. */
  readonly seconds: number;
}

/** Draws lines over time as SVG, ready for a page. */
export function plot({ title, unit, lines, seconds }: Plot): string {
  const top = niceCeiling(Math.max(1, ...lines.flatMap(({ points }) => points.map(([, value]) => value))));
  const x = (at: number) => LEFT + (Math.min(at, seconds) / seconds) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const ticks = Array.from({ length: TICKS + 1 }, (_, index) => index / TICKS);
  const grid = ticks.map((part) => {
    const at = y(part * top).toFixed(1);
    const rule = `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" class="grid"/>`;
    return `${rule}<text x="${LEFT - 6}" y="${Number(at) + 4}" text-anchor="end">${number(part * top)}</text>`;
  });
  const times = ticks.map(
    (part) =>
      `<text x="${x(part * seconds).toFixed(1)}" y="${HEIGHT - 8}" text-anchor="middle">${number(part * seconds)} s</text>`,
  );
  const drawn = lines.map(({ name, points }, index) => {
    const color = COLORS[index % COLORS.length] ?? '';
    const path = points.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
    const place = TOP + 10 + index * 16;
    const key = `<rect x="${WIDTH - RIGHT + 10}" y="${place - 8}" width="10" height="10" fill="${color}"/>`;
    const label = `<text x="${WIDTH - RIGHT + 25}" y="${place + 1}">${escapeHtml(name)}</text>`;
    return `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="1.5"/>${key}${label}`;
  });
  const height = Math.max(HEIGHT, TOP + 20 + lines.length * 16);
  return `<figure><figcaption>${escapeHtml(title)} <small>${escapeHtml(unit)}</small></figcaption>
<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(title)}">${[...grid, ...times, ...drawn].join('\n')}</svg></figure>`;
}

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** The next of 1, 2, 2.5, 5 times a power of ten. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

const number = (value: number): string =>
  Number.isInteger(value) || value >= 10 ? value.toFixed(0) : value.toFixed(2);
