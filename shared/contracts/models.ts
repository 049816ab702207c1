import { z } from 'zod';

/** The model id that stands for the server's default provider and model. */
export const DEFAULT_MODEL = 'toolmesh';

/** A model of `GET /v1/models`: OpenAI's fields, and what the model can do where its provider says. */
export const ModelEntry = z.object({
  /** `provider/model`, the provider alone, or {@link DEFAULT_MODEL}. */
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  /** The provider. */
  owned_by: z.string(),
  /** `tools`, `vision`, `thinking` and others. */
  capabilities: z.array(z.string()).optional(),
});
export type ModelEntry = z.output<typeof ModelEntry>;

/** The answer of `GET /v1/models`. */
export const ModelList = z.object({ object: z.literal('list'), data: z.array(ModelEntry) });
export type ModelList = z.output<typeof ModelList>;
