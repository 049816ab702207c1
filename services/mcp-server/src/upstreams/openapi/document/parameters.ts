import { z } from 'zod';
import type { OpenApiDocument } from './document.ts';
import { DocumentProblem } from './references.ts';
import type { Field } from './field.ts';
import type { SchemaConverter } from './schemas.ts';
import { placed } from './security.ts';
import type { ParameterForm, Place } from '../request/serialize.ts';

export interface Parameter extends ParameterForm {
  /** Its name among the tool's arguments. */
  readonly argument: string;
}

const ParameterObject = z.looseObject({
  name: z.string().min(1),
  in: z.enum(['path', 'query', 'header', 'cookie']),
  required: z.boolean().default(false),
  description: z.string().optional(),
  style: z.string().optional(),
  explode: z.boolean().optional(),
  schema: z.unknown().optional(),
  content: z.record(z.string(), z.looseObject({ schema: z.unknown().optional() })).optional(),
});

/** Headers that belong to the exchange itself: no caller may set them. */
const OWN_HEADERS =
  /^(accept|accept-encoding|authorization|connection|content-.*|cookie|expect|host|keep-alive|origin|proxy-.*|te|trailer|traceparent|transfer-encoding|upgrade|x-forwarded-.*|x-request-id)$/i;

const PLACES: readonly Place[] = ['path', 'query', 'header', 'cookie'];

/** A parameter of an operation: the field that a caller fills in, and the form that its value is written in. */
export interface ReadParameter {
  readonly field: Field;
  readonly form: ParameterForm;
}

export interface ParameterSource {
  readonly path: string;
  /** Those of the path, then those of the operation, which replace them. */
  readonly listed: readonly unknown[];
  /** Parameters, with their place, that no caller sets. */
  readonly reserved: ReadonlySet<string>;
}

/** Returns the parameters that a caller may set. @throws DocumentProblem for one that is malformed. */
export function readParameters(
  document: OpenApiDocument,
  { path, listed, reserved }: ParameterSource,
  converter: SchemaConverter,
): readonly ReadParameter[] {
  const isOurs = ({ name, in: place }: ParameterObject): boolean =>
    reserved.has(placed(place, name)) || (place === 'header' && OWN_HEADERS.test(name));
  return listParameters(document, path, listed)
    .filter((parameter) => !isOurs(parameter))
    .map((parameter) => ({ field: fieldOf(parameter, converter), form: formOf(parameter) }));
}

type ParameterObject = z.output<typeof ParameterObject>;

/** Returns the listed parameters, later ones in place of earlier ones, and those that only the path template names. */
function listParameters(
  document: OpenApiDocument,
  path: string,
  listed: readonly unknown[],
): readonly ParameterObject[] {
  const found = new Map<string, ParameterObject>();
  for (const value of listed) {
    const parsed = ParameterObject.safeParse(document.resolve(value));
    if (!parsed.success) throw new DocumentProblem('one of its parameters is malformed');
    found.set(`${parsed.data.in} ${parsed.data.name}`, parsed.data);
  }
  for (const [, name = ''] of path.matchAll(/\{([^{}]+)\}/g)) {
    const declared = found.get(`path ${name}`) ?? { name, in: 'path' as const, schema: { type: 'string' } };
    found.set(`path ${name}`, { ...declared, required: true });
  }
  const all = [...found.values()].filter(({ in: place, name }) => place !== 'path' || path.includes(`{${name}}`));
  return PLACES.flatMap((place) => all.filter((parameter) => parameter.in === place));
}

function fieldOf(parameter: ParameterObject, converter: SchemaConverter): Field {
  const { name, in: place, required, description } = parameter;
  const [content] = Object.values(parameter.content ?? {});
  const schema = converter.convert(parameter.schema ?? content?.schema);
  return {
    place,
    name,
    schema: description === undefined || description === '' ? schema : { ...schema, description },
    isRequired: required,
  };
}

function formOf({ name, in: place, style, explode, schema, content }: ParameterObject): ParameterForm {
  const styled = style ?? (place === 'path' || place === 'header' ? 'simple' : 'form');
  return {
    name,
    place,
    style: styled,
    explode: explode ?? styled === 'form',
    isJson: schema === undefined && content !== undefined,
  };
}
