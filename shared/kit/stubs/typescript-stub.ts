import { identifierOf, isIdentifier } from './identifiers.ts';
import type { StubbedTool } from './python-stub.ts';
import { type Detail, DETAILS, type Field, fieldsOf, readSchema, type ValueType } from './schema-types.ts';
import { fieldText, firstThatFits, quoted, toolText } from './text.ts';

/** Returns the line `get_current_time(args: { timezone?: string }): Promise<{ ... }>`. */
export const typescriptSignature = (tool: StubbedTool): string =>
  firstThatFits(
    DETAILS,
    (detail) => signature(tool, detail),
    `${identifierOf(tool.name)}(args?: Record<string, unknown>): Promise<unknown>`,
  );

function signature({ name, input_schema, output_schema }: StubbedTool, detail: Detail): string {
  const { fields, isCut } = fieldsOf(input_schema, detail);
  const isOptional = fields.every(({ isRequired }) => !isRequired);
  const args = fields.length === 0 && !isCut ? '' : `args${isOptional ? '?' : ''}: ${objectType(fields, isCut)}`;
  const result = output_schema === undefined ? 'unknown' : typescriptType(readSchema(output_schema, detail));
  return `${identifierOf(name)}(${args}): Promise<${result}>`;
}

/** Returns the declaration of a function, with what there is to know in a comment. */
export function typescriptStub(tool: StubbedTool): string {
  const { fields } = fieldsOf(tool.input_schema, { depth: 1, choices: 1 });
  const described = fields.filter(({ description }) => description !== '');
  const identifier = identifierOf(tool.name);
  const lines = [
    toolText(tool.description) || `Calls ${tool.name}.`,
    ...(identifier === tool.name ? [] : [`The same as tools[${quoted(tool.name)}](...).`]),
    ...described.map(({ name, description }) => `@param args.${identifierOf(name)} ${fieldText(description)}`),
  ].map((line) => line.replaceAll('*/', '*\\/'));
  const [only = ''] = lines;
  const comment = lines.length === 1 ? `/** ${only} */` : `/**\n${lines.map((line) => ` * ${line}`).join('\n')}\n */`;
  return `${comment}\ndeclare function ${typescriptSignature(tool)};`;
}

function objectType(fields: readonly Field[], isCut: boolean): string {
  if (fields.length === 0) return 'Record<string, unknown>';
  const members = fields.map(
    ({ name, type, isRequired }) =>
      `${isIdentifier(name) ? name : quoted(name)}${isRequired ? '' : '?'}: ${typescriptType(type)}`,
  );
  return `{ ${[...members, ...(isCut ? ['[more: string]: unknown'] : [])].join('; ')} }`;
}

/** Returns a type as TypeScript writes it. */
function typescriptType(type: ValueType): string {
  switch (type.kind) {
    case 'literal':
      return [
        ...type.values.map((value) => (typeof value === 'string' ? quoted(value) : String(value))),
        ...(type.isCut ? [typeof type.values[0]] : []),
      ].join(' | ');
    case 'array': {
      const items = typescriptType(type.items);
      return items.includes('|') ? `(${items})[]` : `${items}[]`;
    }
    case 'union':
      return type.members.map(typescriptType).join(' | ');
    case 'object':
      return objectType(type.fields, type.isCut);
    case 'any':
      return 'unknown';
    case 'integer':
      return 'number';
    default:
      return type.kind;
  }
}
