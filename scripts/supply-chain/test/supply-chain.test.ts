import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { billOf, missingFrom, productionPackages } from '../bill-of-materials.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const OLD = `sha256:${'0'.repeat(64)}`;
const DOCKERFILE = `ARG NODE_IMAGE=node:24-slim@${OLD}
FROM \${NODE_IMAGE} AS base
FROM debian:bookworm AS other
FROM base AS service
`;
const COMPOSE = `services:
  a: { build: . }
  b:
    image: prom/prometheus:v3.5.0
  c:
    image: registry.example.com:5000/tools/thing
`;
const WORKFLOW = "jobs: { a: { container: { image: 'node:24-slim', options: --init } } }\n";

function project(compose = COMPOSE): string {
  const folder = mkdtempSync(join(tmpdir(), 'images-'));
  mkdirSync(join(folder, '.github/workflows'), { recursive: true });
  writeFileSync(join(folder, 'Dockerfile'), DOCKERFILE);
  writeFileSync(join(folder, 'docker-compose.yml'), compose);
  writeFileSync(join(folder, '.github/workflows/ci.yml'), WORKFLOW);
  return folder;
}

async function run(...args: readonly string[]) {
  const child = spawn(process.execPath, [`${root}scripts/pin-images.ts`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = await once(child, 'close');
  return { code, output };
}

/** A registry that gives tokens, and a manifest of its own for each image; `gone` is not there. */
async function serveRegistry(gone = 'none') {
  const server = endWithTest(
    await serveRaw(({ url = '', headers }, res) => {
      if (url.startsWith('/token')) {
        res.end(JSON.stringify({ token: `for ${new URL(url, 'http://x').searchParams.get('scope')}` }));
        return;
      }
      const [, path] = /^\/v2\/(.+)\/manifests\//.exec(url) ?? [];
      if (headers.authorization !== `Bearer for repository:${path}:pull`) {
        const realm = `${server.url}/token`;
        res.setHeader('www-authenticate', `Bearer realm="${realm}",service="test",scope="repository:${path}:pull"`);
        res.writeHead(401).end();
      } else if (path?.includes(gone) === true) res.writeHead(404).end();
      else res.end(`manifest of ${url}`);
    }),
  );
  return server;
}
const digestOf = (path: string, tag: string): string =>
  `sha256:${createHash('sha256').update(`manifest of /v2/${path}/manifests/${tag}`).digest('hex')}`;

describe('npm run pin-images', () => {
  test('writes the digest of every image beside its tag, in place of an old one', async () => {
    const [folder, registry] = [project(), await serveRegistry()];
    expect(await run('--folder', folder, '--registry', registry.url)).toMatchObject({ code: 0 });
    const node = digestOf('library/node', '24-slim');
    expect(readFileSync(join(folder, 'Dockerfile'), 'utf8')).toBe(
      DOCKERFILE.replace(OLD, node).replace(
        'debian:bookworm',
        `debian:bookworm@${digestOf('library/debian', 'bookworm')}`,
      ),
    );
    expect(readFileSync(join(folder, 'docker-compose.yml'), 'utf8')).toBe(
      COMPOSE.replace('v3.5.0', `v3.5.0@${digestOf('prom/prometheus', 'v3.5.0')}`).replace(
        'tools/thing',
        `tools/thing@${digestOf('tools/thing', 'latest')}`,
      ),
    );
    expect(readFileSync(join(folder, '.github/workflows/ci.yml'), 'utf8')).toContain(`'node:24-slim@${node}'`);
    expect(await run('--folder', folder, '--check')).toEqual({ code: 0, output: '' });
  });

  test('names what cannot be had, and pins the others', async () => {
    const [folder, registry] = [project(), await serveRegistry('prometheus')];
    const { code, output } = await run('--folder', folder, '--registry', registry.url);
    expect([code, output]).toEqual([
      1,
      expect.stringContaining('prom/prometheus:v3.5.0: the registry answers with status 404'),
    ]);
    expect(readFileSync(join(folder, 'Dockerfile'), 'utf8')).not.toContain(OLD);
  });

  test('lists images without a digest when it checks, and refuses those without a version', async () => {
    const folder = project();
    const { code, output } = await run('--folder', folder, '--check');
    expect(code).toBe(1);
    expect(output.trim().split('\n')).toEqual([
      `${folder}/Dockerfile: debian:bookworm has no digest`,
      `${folder}/docker-compose.yml: prom/prometheus:v3.5.0 has no digest`,
      `${folder}/docker-compose.yml: registry.example.com:5000/tools/thing has no digest, nor a version`,
      `${folder}/.github/workflows/ci.yml: node:24-slim has no digest`,
    ]);
    const { code: fixed } = await run('--folder', project('services: {}\n'), '--check');
    expect(fixed).toBe(0);
  });

  test('finds no image of this project without a version', async () => {
    expect(await run('--folder', root, '--check')).toMatchObject({ code: 0 });
  });
});

describe('the bill of materials', () => {
  const lockfile = JSON.stringify({
    packages: {
      '': { name: 'root', version: '1.0.0' },
      shared: { name: '@toolmesh/shared', version: '1.0.0' },
      'node_modules/@toolmesh/shared': { resolved: 'shared', link: true },
      'node_modules/@scope/used': { version: '1.2.3' },
      'node_modules/a/node_modules/@scope/used': { version: '2.0.0' },
      'node_modules/jest': { version: '30.0.0', dev: true },
      'node_modules/alias': { name: 'real', version: '3.0.0' },
    },
  });
  const packages = productionPackages(lockfile);

  test('is of the packages that run in production, each version of them', () => {
    expect(packages).toEqual(['pkg:npm/%40scope/used@1.2.3', 'pkg:npm/%40scope/used@2.0.0', 'pkg:npm/real@3.0.0']);
  });

  test('tells which of them a document leaves out', () => {
    const components = [
      { 'bom-ref': 'a', purl: 'pkg:npm/real@3.0.0?vcs_url=git' },
      { 'bom-ref': 'b', purl: 'pkg:npm/jest@30.0.0' },
    ];
    const dependencies = [{ ref: 'a', dependsOn: ['b'] }, { ref: 'b' }];
    const document = { bomFormat: 'CycloneDX', metadata: { component: { name: 'folder' } }, components, dependencies };
    const bill = billOf('toolmesh', JSON.stringify(document), packages);
    expect(bill).toMatchObject({
      metadata: { component: { name: 'toolmesh' } },
      dependencies: [{ ref: 'a', dependsOn: [] }],
    });
    expect(bill.components.map((component) => component['bom-ref'])).toEqual(['a']);
    expect(missingFrom(bill, packages)).toEqual(packages.slice(0, 2));
    expect(() => billOf('toolmesh', '{"bomFormat":"SPDX"}', packages)).toThrow('CycloneDX');
  });
});
