import { z } from 'zod';

/** Says whether a tool may run: at once, after the user has approved the call, or never. */
export const Permission = z.enum(['auto', 'ask', 'deny']);
export type Permission = z.output<typeof Permission>;
