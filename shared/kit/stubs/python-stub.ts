import type { Tool } from '../../contracts/tool.ts';
import { identifierOf } from './identifiers.ts';
import { type Detail, DETAILS, type Field, fieldsOf, readSchema, type ValueType } from './schema-types.ts';
import { fieldText, firstThatFits, quoted, toolText } from './text.ts';

/** A tool as a Python program calls it. */
export type StubbedTool = Pick<Tool, 'name' | 'description' | 'input_schema' | 'output_schema'>;

/** Returns the line `get_current_time(*, timezone: str = "UTC") -> dict`. */
export const pythonSignature = (tool: StubbedTool): string =>
  firstThatFits(DETAILS, (detail) => signature(tool, detail), `${identifierOf(tool.name)}(**arguments) -> Any`);

function signature({ name, input_schema, output_schema }: StubbedTool, detail: Detail): string {
  const { fields, isCut } = fieldsOf(input_schema, detail);
  const ordered = [...fields.filter(({ isRequired }) => isRequired), ...fields.filter(({ isRequired }) => !isRequired)];
  const parameters = [...ordered.map(parameter), ...(isCut ? ['**more'] : [])];
  const keywordOnly = ordered.length > 1 ? ['*', ...parameters] : parameters;
  const result = output_schema === undefined ? 'Any' : pythonType(readSchema(output_schema, detail));
  return `${identifierOf(name)}(${keywordOnly.join(', ')}) -> ${result}`;
}

/** Returns a function without a body: its signature, and what there is to know in its docstring. */
export function pythonStub(tool: StubbedTool): string {
  const lines = pythonDoc(tool).split('\n').map(escaped);
  const doc = lines.length === 1 ? `    """${lines[0]}"""` : `    """${lines.join('\n    ')}\n    """`;
  return `def ${pythonSignature(tool)}:\n${doc}`;
}

/** Returns what the docstring of a tool says. */
export function pythonDoc({ name, description, input_schema, output_schema }: StubbedTool): string {
  const { fields } = fieldsOf(input_schema, DOC_DETAIL);
  const identifier = identifierOf(name);
  const lines = [
    toolText(description) || `Calls ${name}.`,
    ...(identifier === name ? [] : [`The same as tools[${quoted(name)}](...).`]),
    ...fields.flatMap(describeField),
    ...describeResult(output_schema),
  ];
  return lines.join('\n').slice(0, MAX_DOC);
}

/** Keys of the objects that a parameter takes are told, and no deeper ones. */
const DOC_DETAIL: Detail = { depth: 2, choices: 8 };
const MAX_DOC = 4_000;

const escaped = (line: string): string => line.replaceAll('\\', '\\\\').replaceAll(/"(?="|$)/g, '\\"');

function parameter({ name, type, isRequired, fallback }: Field): string {
  const typed = `${identifierOf(name)}: ${pythonType(type)}`;
  if (isRequired) return typed;
  return `${typed} = ${fallback === undefined ? '...' : pythonLiteral(fallback)}`;
}

function describeField({ name, type, description }: Field): readonly string[] {
  const identifier = identifierOf(name);
  const renamed = identifier === name ? '' : ` (${quoted(name)})`;
  const text = [fieldText(description), keysOf(type)].filter((part) => part !== '').join('; ');
  return text === '' && renamed === '' ? [] : [`${identifier}${renamed}: ${text}`.trimEnd()];
}

function describeResult(schema: StubbedTool['output_schema']): readonly string[] {
  const keys = schema === undefined ? '' : keysOf(readSchema(schema, DOC_DETAIL));
  return keys === '' ? [] : [`Returns a dict; ${keys}`];
}

/** Returns the keys of an object, or of the objects in an array, which a type of Python does not tell. */
function keysOf(type: ValueType): string {
  if (type.kind === 'array') return keysOf(type.items);
  if (type.kind !== 'object' || type.fields.length === 0) return '';
  const keys = type.fields.map(
    (field) => `${quoted(field.name)}: ${pythonType(field.type)}${field.isRequired ? '' : ', optional'}`,
  );
  return `keys: ${keys.join('; ')}${type.isCut ? '; and more' : ''}`;
}

/** Returns a type as Python writes it. */
function pythonType(type: ValueType): string {
  switch (type.kind) {
    case 'literal':
      return `Literal[${[...type.values.map(pythonLiteral), ...(type.isCut ? ['...'] : [])].join(', ')}]`;
    case 'array':
      return type.items.kind === 'any' ? 'list' : `list[${pythonType(type.items)}]`;
    case 'union':
      return [...new Set(type.members.map(pythonType))].join(' | ');
    default:
      return NAMES[type.kind];
  }
}

const NAMES = {
  any: 'Any',
  string: 'str',
  integer: 'int',
  number: 'float',
  boolean: 'bool',
  null: 'None',
  object: 'dict',
} as const;

function pythonLiteral(value: string | number | boolean | null): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'number' ? String(value) : quoted(value);
}
