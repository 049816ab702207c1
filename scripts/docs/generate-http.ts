// Writes docs/reference/http.md from the services that run on this machine: `npm run docs:http`.
import { readFileSync, writeFileSync } from 'node:fs';
import { portVariable, SERVICES } from '../../mesh/services.ts';
import { fillBlocks } from './generated-blocks.ts';
import { httpReference } from './http.ts';

const FILE = new URL('../../docs/reference/http.md', import.meta.url);
const ports = new Map(SERVICES.map(({ name, port }) => [name, process.env[portVariable(name)] ?? String(port)]));
const reference = await httpReference((service) => `http://127.0.0.1:${ports.get(service)}`);
writeFileSync(FILE, fillBlocks(readFileSync(FILE, 'utf8'), new Map([['http', reference]]), new Set(['http'])));
