import { z } from 'zod';

const Lockfile = z.object({
  packages: z.record(
    z.string(),
    z.looseObject({
      version: z.string().optional(),
      name: z.string().optional(),
      dev: z.boolean().default(false),
      devOptional: z.boolean().default(false),
      link: z.boolean().default(false),
    }),
  ),
});
const Bill = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  metadata: z.looseObject({ component: z.looseObject({ name: z.string() }) }),
  components: z.array(z.looseObject({ 'bom-ref': z.string(), purl: z.string().default('') })),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()).default([]) })),
});
export type Bill = z.output<typeof Bill>;

/** Lists the packages of a lockfile that run in production, as package URLs (https://github.com/package-url/purl-spec). */
export function productionPackages(lockfile: string): readonly string[] {
  const { packages } = Lockfile.parse(JSON.parse(lockfile));
  const urls = Object.entries(packages).flatMap(([path, { version, name, dev, devOptional, link }]) => {
    const at = path.lastIndexOf('node_modules/');
    if (at === -1 || version === undefined || dev || devOptional || link) return [];
    return [`pkg:npm/${(name ?? path.slice(at + 'node_modules/'.length)).replace('@', '%40')}@${version}`];
  });
  return [...new Set(urls)].sort();
}

/**
 * Returns a CycloneDX document of npm for `name`, reduced to some packages. npm's own `--omit=dev` leaves out what both
 * production and development need. @throws ZodError for another document
 */
export function billOf(name: string, document: string, packages: readonly string[]): Bill {
  const bill = Bill.parse(JSON.parse(document));
  const wanted = new Set(packages);
  const components = bill.components.filter(({ purl }) => wanted.has(withoutQualifiers(purl)));
  const refs = new Set(components.map((component) => component['bom-ref']));
  const dependencies = bill.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map((entry) => ({ ...entry, dependsOn: entry.dependsOn.filter((ref) => refs.has(ref)) }));
  const component = { ...bill.metadata.component, name };
  return { ...bill, metadata: { ...bill.metadata, component }, components, dependencies };
}

/** Returns the packages that a document leaves out. */
export function missingFrom({ components }: Bill, packages: readonly string[]): readonly string[] {
  const listed = new Set(components.map(({ purl }) => withoutQualifiers(purl)));
  return packages.filter((url) => !listed.has(url));
}

/** Returns a package URL without its qualifiers, which say where the package came from. */
const withoutQualifiers = (url: string): string => url.split('?', 1)[0] ?? '';
