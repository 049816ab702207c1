import type { Checks } from '@toolmesh/shared/kit/http/readiness';
import type { Metrics } from '@toolmesh/shared/kit/telemetry/metrics';
import type { SandboxConfig } from '../config.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { checkOfBaseLayer, describeBaseLayer } from './describe-base-layer.ts';

/** Returns how a service shows and builds the base layer of its Python; nothing of it where that has none. */
export function serveBaseLayer(
  runtimes: readonly Runtime[],
  mode: SandboxConfig['SANDBOX_BASE_LAYER'],
  metrics: Metrics,
) {
  const layer = runtimes.find(({ baseLayer }) => baseLayer !== undefined)?.baseLayer;
  if (layer === undefined) return { checks: {}, health: () => ({}), started: () => {} };
  const checks: Checks = { python_layer: () => checkOfBaseLayer(layer.status()) };
  const health = () => ({ python_layer: describeBaseLayer(layer.status()) });
  metrics.gauge({
    name: 'sandbox_base_layer_percent',
    help: 'Share of the libraries for every Python program that are built, in percent',
    collect() {
      this.set(health().python_layer.percent);
    },
  });
  return { checks, health, started: () => (mode === 'auto' ? layer.build() : undefined) };
}

/** Settings that a build needs to reach the index and to trust it. */
const PASSED_ON = ['PATH', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS', 'NODE_USE_SYSTEM_CA'] as const;

/** Returns the environment for builds of the base layer: the index, the proxy, certificates, and nothing secret besides. */
export function buildEnvironment(config: SandboxConfig, env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const { PIP_INDEX_URL, NPM_CONFIG_REGISTRY, HTTP_PROXY, HTTPS_PROXY, NO_PROXY } = config;
  const own = { PIP_INDEX_URL, NPM_CONFIG_REGISTRY, HTTP_PROXY, HTTPS_PROXY, NO_PROXY };
  const all = [...Object.entries(own), ...PASSED_ON.map((name) => [name, env[name]] as const)];
  return Object.fromEntries(all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
