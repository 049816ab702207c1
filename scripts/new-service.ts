// `npm run new-service dice roll_dice`: makes a tool service and adds it to every place that knows all services. The
// second word names its first tool. Nothing is written unless everything can be.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { portVariable, SERVICES } from '../mesh/services.ts';
import { EDITS, EditError } from './new-service/edits.ts';
import { describeService, NameError } from './new-service/names.ts';
import { serviceFiles } from './new-service/templates.ts';

const USAGE = 'Usage: npm run new-service <name> [<first_tool>], for example: npm run new-service dice roll_dice';

try {
  create(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof NameError) && !(error instanceof EditError)) throw error;
  process.stderr.write(`new-service: ${error.message}\nNothing was changed. ${USAGE}\n`);
  process.exit(1);
}

function create(words: readonly string[]): void {
  const service = describeService(words, {
    services: SERVICES,
    composeFile: readFileSync('docker-compose.yml', 'utf8'),
    kit: JSON.parse(readFileSync('shared/package.json', 'utf8')),
  });
  const folder = `services/${service.name}`;
  if (existsSync(folder)) throw new NameError(`${folder} exists already.`);
  const edited = EDITS.map(({ path, edit }) => [path, edit(readFileSync(path, 'utf8'), service)] as const);
  const made = Object.entries(serviceFiles(service)).map(([path, text]) => [`${folder}/${path}`, text] as const);

  for (const [path, text] of [...made, ...edited]) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const list = (paths: readonly (readonly [string, string])[]) => paths.map(([path]) => `    ${path}\n`).join('');
  process.stdout.write(`
  ${service.name} is a tool service on port ${service.port} (${portVariable(service.name)} sets another).

  Created
${list(made)}  Changed
${list(edited)}
  Next       write the tool in ${folder}/src/${service.toolFile}.ts
  Check      npm test -- ${folder} e2e/test/wiring
  Run        npm start
  Undo       rm -r ${folder} && git checkout ${edited.map(([path]) => path).join(' ')}
`);
}
