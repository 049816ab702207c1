import { z } from 'zod';
import { printable, Refusal } from '../refusal.ts';
import { normaliseName } from '../spec.ts';
import type { PypiView } from './pypi-view.ts';
import type { ResolvedPackage } from './resolver.ts';
import type { WheelSource } from './wheel-source.ts';

const Report = z.object({
  install: z.array(
    z.object({
      metadata: z.object({ name: z.string(), version: z.string() }),
      download_info: z.object({ url: z.string() }),
    }),
  ),
});

/** Returns the packages that pip has chosen, but for those of the base layer. @throws Refusal for one that it was not shown */
export function readPipReport(
  text: string,
  { files }: Pick<PypiView, 'files'>,
  { obtain }: Pick<WheelSource, 'obtain'>,
): readonly ResolvedPackage[] {
  const { install } = Report.parse(JSON.parse(text));
  return install.flatMap(({ metadata, download_info: { url } }): readonly ResolvedPackage[] => {
    const chosen = files.get(decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? ''));
    if (chosen === undefined || normaliseName('pypi', metadata.name) !== chosen.name) {
      throw new Refusal('install_failed', `pip chose ${printable(metadata.name)}, which was not checked`);
    }
    if (chosen.kind === 'provided') return [];
    const { name, version, approvalReason } = chosen;
    return [
      {
        name,
        version,
        place: '',
        approvalReason,
        obtain: async () => {
          const stored = await obtain(chosen);
          return { stored, modules: stored.record.modules };
        },
      },
    ];
  });
}
