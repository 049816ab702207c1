import type { GpuParts } from '../policy/policy.ts';

/** Libraries of GPUs, some two gigabytes of them, which no program here has. */
const GPU_PART = /^Requires-Dist:\s*(nvidia-[\w.-]+|cuda-[\w.-]+|pytorch-triton[\w.-]*|triton)(?![\w.-])/i;

/** Leaves the requirements of libraries for GPUs out of a wheel's metadata, where the policy says so; names them. */
export function withoutGpuParts(
  metadata: string,
  gpu: GpuParts,
): { readonly metadata: string; readonly leftOut: readonly string[] } {
  if (gpu === 'install') return { metadata, leftOut: [] };
  const leftOut = new Set<string>();
  const lines = metadata.split('\n').filter((line) => {
    const part = GPU_PART.exec(line)?.[1];
    if (part !== undefined) leftOut.add(part.toLowerCase());
    return part === undefined;
  });
  return { metadata: lines.join('\n'), leftOut: [...leftOut] };
}
