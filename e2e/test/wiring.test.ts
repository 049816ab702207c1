import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { portVariable, SERVICES, urlVariable } from '../../mesh/services.ts';
import { settingsFor } from '../../mesh/settings.ts';

const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const yaml = (path: string) => parse(text(path), { merge: true });
const folders = readdirSync(new URL('../../services', import.meta.url));

describe('every service', () => {
  test('has a row in mesh/services.ts', () => {
    expect(SERVICES.map(({ name }) => name).sort()).toEqual(folders.sort());
  });

  test('has a port of its own', () => {
    expect(new Set(SERVICES.map(({ port }) => port)).size).toBe(SERVICES.length);
  });

  describe.each(SERVICES.map((row) => [row.name, row] as const))('%s', (name, { port, inMesh }) => {
    test('has a README of at most 30 lines', () => {
      expect(text(`services/${name}/README.md`).trimEnd().split('\n').length).toBeLessThanOrEqual(30);
    });

    test('is built by the Dockerfile and started by docker-compose.yml, on its port, with nothing it does not need', () => {
      expect(text('Dockerfile')).toContain(`FROM base AS ${name}\n`);
      expect(text('Dockerfile')).toContain(`COPY services/${name} services/${name}\n`);
      expect(text('Dockerfile')).toContain(
        `EXPOSE ${port}\nCMD ["node", "--max-semi-space-size=2", "services/${name}/src/main.ts"]`,
      );
      expect(yaml('docker-compose.yml').services[name]).toMatchObject({
        build: { target: name },
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: expect.arrayContaining(['no-new-privileges:true']),
        mem_limit: expect.any(String),
        pids_limit: expect.any(Number),
        healthcheck: { test: ['CMD', 'node', 'shared/kit/service/healthcheck.ts', String(port)] },
      });
    });

    test('is published on this machine only, and not at all if only the mesh needs it', () => {
      const published = [`127.0.0.1:\${${portVariable(name)}:-${port}}:${port}`];
      const isOpen = ['middleware', 'mcp-server'].includes(name);
      expect(yaml('docker-compose.yml').services[name].ports).toEqual(isOpen ? published : undefined);
      expect(yaml('docker-compose.ports.yml').services[name]?.ports).toEqual(isOpen ? undefined : published);
    });

    test('is given every setting of its schema in containers, each secret as a file, too, and nothing else', () => {
      const { services, secrets } = yaml('docker-compose.yml');
      const rows = settingsFor(name).filter((row) => row.name !== 'PORT');
      // A line that is fixed there has no file: index proxies, for the sandbox.
      const isFixed = (setting: string): boolean =>
        services[name].environment[setting].startsWith('http://index-proxy');
      const files = rows.filter((row) => row.isSecret && !isFixed(row.name)).map((row) => row.name);
      const upstreams =
        name === 'mcp-server' ? SERVICES.filter((row) => row.inMesh).map((row) => urlVariable(row.name)) : [];
      const expected = [...rows.map((row) => row.name), ...files.map((file) => `${file}_FILE`), ...upstreams];
      // `npm run docs:settings` writes what is missing.
      expect(Object.keys(services[name].environment).sort()).toEqual([...new Set(expected)].sort());
      expect(services[name].secrets).toEqual(files);
      for (const file of files) {
        expect(services[name].environment[`${file}_FILE`]).toBe(`/run/secrets/${file}`);
        expect(secrets[file]).toEqual({ file: `\${${file}_FILE:-/dev/null}` });
      }
    });

    test('is scraped by Prometheus', () => {
      expect(yaml('prometheus.yml').scrape_configs).toContainEqual({
        job_name: name,
        static_configs: [{ targets: [`${name}:${port}`] }],
      });
    });

    test('is in the table of the README, and its port in .env.example', () => {
      expect(text('README.md')).toContain(`| [${name}](services/${name}/README.md) |`);
      expect(text('.env.example')).toContain(`#${portVariable(name)}=${port}\n`);
    });

    test('is a workspace of the lockfile, with the dependencies that it declares', () => {
      const { packages } = JSON.parse(text('package-lock.json'));
      const { dependencies, version } = JSON.parse(text(`services/${name}/package.json`));
      expect(packages[`node_modules/@toolmesh/${name}`]).toEqual({ resolved: `services/${name}`, link: true });
      expect(packages[`services/${name}`]).toMatchObject({ name: `@toolmesh/${name}`, version, dependencies });
    });

    test(`is${inMesh ? '' : ' not'} in mesh.json, and the hub in containers ${inMesh ? 'has its URL and waits for it' : 'does not ask it'}`, () => {
      const hub = yaml('docker-compose.yml').services['mcp-server'];
      expect(hub.environment[urlVariable(name)]).toBe(inMesh ? `http://${name}:${port}` : undefined);
      expect(hub.depends_on[name]).toEqual(inMesh ? { condition: 'service_healthy' } : undefined);
      expect(Object.keys(JSON.parse(text('mesh.json')).mcpServers).includes(name)).toBe(inMesh);
      expect(text('mesh.json').includes(`\${${urlVariable(name)}:-http://localhost:${port}}/mcp`)).toBe(inMesh);
    });
  });

  test('has no password that everybody knows', () => {
    const { grafana } = yaml('docker-compose.yml').services;
    expect(grafana.environment.GF_SECURITY_ADMIN_PASSWORD).toBe('${GRAFANA_PASSWORD:-}');
    expect(grafana.environment.GF_AUTH_ANONYMOUS_ORG_ROLE).toBe('Viewer');
    expect(grafana.entrypoint.join('\n')).toContain('GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION=true');
  });

  test('shares the sandbox’s network only where it has to', () => {
    const { services } = yaml('docker-compose.yml');
    const neighbours = Object.keys(services).filter((name) => services[name].networks.includes('sandbox'));
    expect(neighbours.sort()).toEqual(['code-executor', 'index-proxy', 'otel-collector', 'prometheus', 'sandbox']);
    expect(services.sandbox.networks).toEqual(['sandbox', 'calls']);
    const callers = Object.keys(services).filter((name) => services[name].networks.includes('calls'));
    expect(callers.sort()).toEqual(['mcp-server', 'sandbox']);
  });
});
