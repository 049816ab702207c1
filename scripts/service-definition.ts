import { z } from 'zod';

/** Imports the settings of a service from its `service.ts`, which starts nothing. */
export async function settingsSchema(name: string): Promise<z.ZodObject> {
  const exports: object = await import(new URL(`../services/${name}/src/service.ts`, import.meta.url).href);
  for (const value of Object.values(exports)) {
    if (value instanceof Object && 'config' in value && value.config instanceof z.ZodObject) return value.config;
  }
  throw new Error(`services/${name}/src/service.ts exports no service`);
}
