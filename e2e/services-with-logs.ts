import { request } from '@toolmesh/shared/test-kit/requests';
import { type ServiceProcess, startServiceProcess } from '@toolmesh/shared/test-kit/service-process';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { SERVICES, urlVariable } from '../mesh/services.ts';

/** The five services, each a process of its own whose log a test can read, line by line as it was written. */
export interface ServicesWithLogs {
  readonly url: (service: string) => string;
  readonly pid: (service: string) => number;
  /** Every line of a service so far; each had to be JSON. */
  readonly log: (service: string) => readonly Record<string, unknown>[];
  stop(): Promise<void>;
}

/** Starts them in the order in which they need each other, and waits until all are ready. */
export async function startServicesWithLogs(env: Record<string, string> = {}): Promise<ServicesWithLogs> {
  const running = new Map<string, ServiceProcess>();
  const stop = async () => {
    for (const service of [...running.values()].toReversed()) await service.stop();
  };
  const get = (name: string): ServiceProcess => {
    const service = running.get(name);
    if (service === undefined) throw new Error(`${name} is not running`);
    return service;
  };
  try {
    for (const { name } of SERVICES) {
      const addresses = [...running].map(([known, { url }]) => [urlVariable(known), url]);
      const main = new URL(`../services/${name}/src/main.ts`, import.meta.url);
      running.set(name, await startServiceProcess(main, { ...Object.fromEntries(addresses), ...env }));
    }
    for (const { url } of running.values()) await until(async () => (await request(`${url}/ready`)).status === 200);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: (name) => get(name).url, pid: (name) => get(name).pid, log: (name) => get(name).log, stop };
}
