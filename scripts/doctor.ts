// `npm run doctor`: checks the machine, the settings and the mesh, running or not, and prints what is wrong and
// what to do. Exits 0 when nothing is wrong, else 1.
import { existsSync } from 'node:fs';
import { describeFinding, type Finding } from './doctor/finding.ts';
import { checkIsolation, checkLimits } from './doctor/isolation.ts';
import { checkLibraries } from './doctor/libraries.ts';
import { checkDisk, checkNode, checkSystem } from './doctor/machine.ts';
import { checkPackages } from './doctor/packages.ts';
import { checkProvider } from './doctor/provider.ts';
import { checkServices, findServices, summarize } from './doctor/services.ts';
import { checkMeshFile, checkSettings } from './doctor/settings.ts';
import { checkUpstreams } from './doctor/upstreams.ts';

if (existsSync('.env')) process.loadEnvFile('.env');
const { env } = process;
const print = (line: string): void => void process.stdout.write(`${line}\n`);
let wrongs = 0;

/** Prints the findings of a group of checks, as soon as they are known. */
function report(title: string, findings: readonly Finding[]): void {
  if (findings.length === 0) return;
  print(`\n${title}`);
  for (const finding of findings) print(describeFinding(finding));
  wrongs += findings.filter(({ level }) => level === 'wrong').length;
}

report('Machine', [checkNode(), checkSystem(), ...(await checkDisk(env))]);
report('Settings', [...(await checkSettings(env)), ...(await checkMeshFile(env))]);
const services = await findServices(env);
report('Services', [summarize(services), ...(await checkServices(services, env['API_KEY'] || undefined))]);
report('Tools and model', [
  ...(await checkUpstreams(services, env['API_KEY'] || undefined)),
  ...(await checkIsolation(services, env)),
  ...(await checkLimits(services, env)),
  await checkPackages(services, env),
  ...checkLibraries(services),
  await checkProvider(services, env),
]);

print(wrongs === 0 ? '\nNothing is wrong.' : `\n${wrongs} ${wrongs === 1 ? 'thing is' : 'things are'} wrong.`);
process.exit(wrongs === 0 ? 0 : 1);
