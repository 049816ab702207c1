import { z } from 'zod';

/** The providers of models that there are; settings, requests and labels of metrics name them so. */
export const ProviderName = z.enum(['openai', 'ollama', 'demo']);
export type ProviderName = z.output<typeof ProviderName>;
