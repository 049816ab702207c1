// Builds the page into dist/. What was there before stays until the new one is whole, so that builds may run at once.
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));
const made = mkdtempSync(`${root}.build-`);
const dist = `${root}dist`;
const before = `${made}-before`;

try {
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    build: {
      outDir: made,
      emptyOutDir: true,
      // Everything in files of its own: the page's policy allows no script or style within another file.
      assetsInlineLimit: 0,
      modulePreload: false,
    },
  });
  replace();
} finally {
  rmSync(made, { recursive: true, force: true });
  rmSync(before, { recursive: true, force: true });
}

function replace(): void {
  try {
    chmodSync(made, 0o755);
    // Two renames in a row: whoever looks in between would find no page.
    if (existsSync(dist)) renameSync(dist, before);
    renameSync(made, dist);
  } catch (error) {
    // Another build came first; it had the same sources.
    const code = Error.isError(error) && 'code' in error ? error.code : undefined;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error;
  }
}
