// `npm run sbom`: writes reports/sbom.cdx.json, the CycloneDX document of what runs in production, and fails if it leaves
// out a package of the lockfile.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { billOf, missingFrom, productionPackages } from './supply-chain/bill-of-materials.ts';

const FILE = 'reports/sbom.cdx.json';
const args = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'];
const { status, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8', maxBuffer: 64 * 1_024 ** 2 });
if (status !== 0) {
  process.stderr.write(`sbom: npm failed\n${stderr}`);
  process.exit(1);
}
const packages = productionPackages(readFileSync('package-lock.json', 'utf8'));
const bill = billOf('toolmesh', stdout, packages);
mkdirSync('reports', { recursive: true });
writeFileSync(FILE, `${JSON.stringify(bill, undefined, 2)}\n`);
const missing = missingFrom(bill, packages);
for (const url of missing) process.stderr.write(`sbom: ${url} is missing\n`);
process.stdout.write(
  `sbom: ${FILE} lists ${packages.length - missing.length} of ${packages.length} production packages\n`,
);
process.exitCode = missing.length === 0 ? 0 : 1;
