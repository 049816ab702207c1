import type { Field } from '../../tools/schema-form.ts';

interface FormFieldProps {
  readonly id: string;
  readonly field: Field;
  readonly value: string;
  readonly problem: string | undefined;
  readonly onInput: (value: string) => void;
}

/** Shows one argument of a tool: its name, its description, a control, and the problem with its value. */
export function FormField({ id, field, value, problem, onInput }: FormFieldProps) {
  const { name, description, isRequired } = field;
  const described = { 'aria-describedby': `${id}-about`, 'aria-invalid': problem !== undefined };
  return (
    <div class="field" data-kind={field.kind}>
      <label for={id}>
        {name}
        {isRequired && <span class="required"> required</span>}
      </label>
      <Control id={id} field={field} value={value} onInput={onInput} described={described} />
      <p id={`${id}-about`} class="muted">
        {problem !== undefined && (
          <strong class="problem">
            {name} {problem}.{' '}
          </strong>
        )}
        {description}
      </p>
    </div>
  );
}

type ControlProps = Omit<FormFieldProps, 'problem'> & { readonly described: object };

function Control({ id, field: { kind, choices, isRequired, min, max }, value, onInput, described }: ControlProps) {
  const own = { id, value, ...described };
  switch (kind) {
    case 'boolean':
      return (
        <select {...own} onChange={(event) => onInput(event.currentTarget.value)}>
          <option value="">not set</option>
          <option value="true">yes</option>
          <option value="false">no</option>
        </select>
      );
    case 'choice':
      return (
        <select {...own} onChange={(event) => onInput(event.currentTarget.value)}>
          {(!isRequired || value === '') && <option value="">not set</option>}
          {choices.map((choice) => (
            <option value={choice}>{choice}</option>
          ))}
        </select>
      );
    case 'long-text':
    case 'lines':
    case 'json':
      return (
        <textarea
          {...own}
          rows={kind === 'long-text' ? 5 : 3}
          spellcheck={false}
          placeholder={kind === 'lines' ? 'one per line' : kind === 'json' ? 'JSON' : ''}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      );
    case 'number':
    case 'integer':
      return (
        <input
          {...own}
          type="number"
          step={kind === 'integer' ? 1 : 'any'}
          {...(min === undefined ? {} : { min })}
          {...(max === undefined || max > 1e15 ? {} : { max })}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      );
    case 'text':
      return <input {...own} type="text" spellcheck={false} onInput={(event) => onInput(event.currentTarget.value)} />;
  }
}
