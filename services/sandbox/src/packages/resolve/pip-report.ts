import { z } from 'zod';
import { readWheel } from '../archive/wheel.ts';
import { printable, Refusal } from '../refusal.ts';
import { normaliseName } from '../spec.ts';
import type { PypiView } from './pypi-view.ts';
import type { ResolvedPackage } from './resolver.ts';

const Report = z.object({
  install: z.array(
    z.object({
      metadata: z.object({ name: z.string(), version: z.string() }),
      download_info: z.object({ url: z.string() }),
    }),
  ),
});

/** Returns the packages that pip has chosen. @throws Refusal for one that it was not shown */
export async function readPipReport(text: string, { files }: PypiView): Promise<readonly ResolvedPackage[]> {
  const { install } = Report.parse(JSON.parse(text));
  return Promise.all(
    install.map(async ({ metadata, download_info: { url } }) => {
      const chosen = files.get(decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? ''));
      const wheel = await chosen?.wheel;
      if (chosen === undefined || wheel === undefined || normaliseName('pypi', metadata.name) !== chosen.name) {
        throw new Refusal('install_failed', `pip chose ${printable(metadata.name)}, which was not checked`);
      }
      const { name, version, file, approvalReason } = chosen;
      return {
        name,
        version,
        hash: file.hash ?? '',
        place: '',
        approvalReason,
        modules: wheel.modules,
        unpack: (write) =>
          readWheel(wheel.path, `${name} ${version}`, async (path, content) => void (await write(path, content))),
      } satisfies ResolvedPackage;
    }),
  );
}
