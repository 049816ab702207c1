import { portVariable, urlVariable } from '../../mesh/services.ts';
import type { NewService } from './names.ts';

/** A file that knows all services, and the change that adds one more. */
interface Edit {
  readonly path: string;
  readonly edit: (text: string, service: NewService) => string;
}

/** A file that no longer looks as the edit expects. */
export class EditError extends Error {
  override readonly name = 'EditError';
}

/** Inserts `addition` after the last match of `anchor`. */
function insertAfterLast(text: string, anchor: RegExp, addition: string): string {
  const last = [...text.matchAll(new RegExp(anchor, 'gm'))].at(-1);
  if (last === undefined) throw new EditError(`Nothing matches ${anchor}: the file's layout has changed.`);
  const end = last.index + last[0].length;
  return text.slice(0, end) + addition + text.slice(end);
}

/** Inserts `addition` before the first match of `anchor`. */
function insertBefore(text: string, anchor: RegExp, addition: string): string {
  const { index } = anchor.exec(text) ?? {};
  if (index === undefined) throw new EditError(`Nothing matches ${anchor}: the file's layout has changed.`);
  return text.slice(0, index) + addition + text.slice(index);
}

/** The hub's block of docker-compose.yml: from its name to the blank line after it. */
const HUB_BLOCK = /^ {2}mcp-server:\n(?: {4}.*\n)+/m;

function addToCompose(text: string, { name, port }: NewService): string {
  const [hub] = HUB_BLOCK.exec(text) ?? [];
  if (hub === undefined) throw new EditError('docker-compose.yml has no block for mcp-server.');
  const withUrl = insertAfterLast(
    hub,
    /^ {6}[A-Z_]+_URL: .*\n/,
    `      ${urlVariable(name)}: http://${name}:${port}\n`,
  );
  const knowing = insertAfterLast(
    withUrl,
    /^ {6}[a-z-]+: \{ condition: service_healthy \}\n/,
    `      ${name}: { condition: service_healthy }\n`,
  );
  const block = `
  ${name}:
    <<: *service
    build: { context: ., target: ${name} }
    environment:
      <<: *environment
      ALLOWED_HOSTS: \${ALLOWED_HOSTS:-localhost,127.0.0.1},${name}
      # generated: compose-settings-${name}
      # end
    # generated: compose-secrets-${name}
    secrets: [API_KEY, OTEL_EXPORTER_OTLP_ENDPOINT]
    # end
    networks: [mesh]
    healthcheck:
      <<: *healthcheck
      test: [CMD, node, shared/kit/service/healthcheck.ts, '${port}']
`;
  return text.replace(hub, () => knowing + block);
}

function addToDockerfile(text: string, { name, port }: NewService): string {
  const stage = `FROM base AS ${name}
COPY services/${name} services/${name}
EXPOSE ${port}
CMD ["node", "--max-semi-space-size=2", "services/${name}/src/main.ts"]

`;
  return insertBefore(text, /^FROM base AS mcp-server$/m, stage);
}

function addToMesh(text: string, { name, port }: NewService): string {
  const entry = `,
    "${name}": {
      "url": "\${${urlVariable(name)}:-http://localhost:${port}}/mcp",
      "headers": { "x-api-key": "\${API_KEY:-}" }
    }`;
  return insertAfterLast(text, /^ {4}\}(?=\n {2}\}\n\}\n$)/, entry);
}

interface Lockfile {
  packages: Record<string, object>;
}

/** Adds what `npm install` would write: a link and a workspace. Packages of other systems stay as they are. */
function addToLockfile(text: string, { name, version, dependencies }: NewService): string {
  const lock: Lockfile = JSON.parse(text);
  lock.packages[`node_modules/@toolmesh/${name}`] = { resolved: `services/${name}`, link: true };
  lock.packages[`services/${name}`] = { name: `@toolmesh/${name}`, version, dependencies };
  const sorted = Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`;
}

/** Every place that knows all services. `e2e/test/wiring.test.ts` checks the same ones. */
export const EDITS: readonly Edit[] = [
  {
    path: 'mesh/services.ts',
    edit: (text, { name, port, tool }) =>
      insertBefore(
        text,
        /^ {2}\{ name: 'mcp-server',/m,
        `  { name: '${name}', port: ${port}, tools: ['${tool}'], inMesh: true },\n`,
      ),
  },
  { path: 'mesh.json', edit: addToMesh },
  { path: 'docker-compose.yml', edit: addToCompose },
  {
    path: 'docker-compose.ports.yml',
    edit: (text, { name, port }) =>
      `${text}  ${name}:\n    ports: ['127.0.0.1:\${${portVariable(name)}:-${port}}:${port}']\n`,
  },
  { path: 'Dockerfile', edit: addToDockerfile },
  {
    path: 'prometheus.yml',
    edit: (text, { name, port }) =>
      insertAfterLast(
        text,
        /^ {4}static_configs: .*\n/,
        `  - job_name: ${name}\n    static_configs: [{ targets: ['${name}:${port}'] }]\n`,
      ),
  },
  {
    path: '.env.example',
    edit: (text, { name, port }) => insertAfterLast(text, /^#[A-Z_]+_PORT=\d+\n/, `#${portVariable(name)}=${port}\n`),
  },
  {
    path: 'README.md',
    edit: (text, { name, tool }) =>
      insertAfterLast(
        text,
        /^\| \[[a-z-]+\]\(services\/[a-z-]+\/README\.md\) \|.*\n/,
        `| [${name}](services/${name}/README.md) | the tool \`${tool}\` |\n`,
      ),
  },
  { path: 'package-lock.json', edit: addToLockfile },
];
