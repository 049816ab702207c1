import type { ToolResult } from '@toolmesh/shared/contracts/tool';
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { executeTool, type ToolEntry } from '../../api/api.ts';
import { ApiError, explain, type Failure } from '../../api/failures.ts';
import { type JsonObject, objectOf, textOf } from '../../api/json.ts';
import { readToolOutput } from '../../answer/tool-output.ts';
import { announce } from '../../state/announcements.ts';
import { fieldsOf, type FormValues, readForm } from '../../tools/schema-form.ts';
import { duration } from '../parts/amounts.ts';
import { FailureNote } from '../parts/failure-note.tsx';
import { FormField } from './form-field.tsx';
import { OutputFacts, OutputImages, OutputView } from './output-view.tsx';

type Outcome =
  | { readonly state: 'idle' }
  | { readonly state: 'running' }
  | { readonly state: 'done'; readonly result: ToolResult; readonly tookMs: number }
  | { readonly state: 'failed'; readonly failure: Failure }
  /** The call is pending until the user approves it. */
  | { readonly state: 'asking'; readonly approval: string; readonly parameters: JsonObject };

/** Shows a form made from a tool's schema. It calls the tool without a model. */
export function TryForm({ tool: { name, inputSchema } }: { readonly tool: ToolEntry }) {
  const fields = useMemo(() => fieldsOf(inputSchema), [inputSchema]);
  const values = useSignal<FormValues>({});
  const problems = useSignal<Readonly<Record<string, string>>>({});
  const outcome = useSignal<Outcome>({ state: 'idle' });
  const stopper = useRef(new AbortController());
  useEffect(() => () => stopper.current.abort(), []);

  const run = async (parameters: JsonObject, approval?: string) => {
    const stop = new AbortController();
    stopper.current = stop;
    outcome.value = { state: 'running' };
    const begun = performance.now();
    try {
      const result = await executeTool(
        { name, parameters, ...(approval === undefined ? {} : { approval }) },
        stop.signal,
      );
      outcome.value = { state: 'done', result, tookMs: performance.now() - begun };
      announce(`${name} has finished`);
    } catch (error) {
      outcome.value = stop.signal.aborted ? { state: 'idle' } : outcomeOf(error, parameters);
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const reading = readForm(fields, values.value);
    problems.value = reading.problems ?? {};
    if (reading.problems === undefined) void run(reading.arguments);
  };

  return (
    <form class="try-form" onSubmit={submit} noValidate aria-label={`Try ${name}`}>
      {fields.map((field) => (
        <FormField
          key={field.name}
          id={`${name}-${field.name}`}
          field={field}
          value={values.value[field.name] ?? field.initial}
          problem={problems.value[field.name]}
          onInput={(value) => {
            values.value = { ...values.value, [field.name]: value };
          }}
        />
      ))}
      <div class="buttons">
        {outcome.value.state === 'running' ? (
          <button type="button" onClick={() => stopper.current.abort()}>
            Stop
          </button>
        ) : (
          <button type="submit" class="primary">
            Run
          </button>
        )}
      </div>
      {outcome.value.state === 'asking' && <Asking name={name} {...outcome.value} run={run} />}
      <OutcomeView outcome={outcome.value} />
    </form>
  );
}

function outcomeOf(error: unknown, parameters: JsonObject): Outcome {
  const details = error instanceof ApiError ? objectOf(error.details) : {};
  const approval = textOf(objectOf(details['approval'])['id']);
  if (approval !== undefined) return { state: 'asking', approval, parameters };
  return { state: 'failed', failure: explain(error) };
}

interface AskingProps {
  readonly name: string;
  readonly approval: string;
  readonly parameters: JsonObject;
  readonly run: (parameters: JsonObject, approval: string) => Promise<void>;
}

const Asking = ({ name, approval, parameters, run }: AskingProps) => (
  <div class="asking" role="alert">
    <p>
      <strong>{name} needs your approval.</strong> Nothing has run yet.
    </p>
    <button type="button" onClick={() => void run(parameters, approval)}>
      Allow and run
    </button>
  </div>
);

function OutcomeView({ outcome }: { readonly outcome: Outcome }) {
  if (outcome.state === 'failed') return <FailureNote failure={outcome.failure} />;
  if (outcome.state === 'running') {
    return (
      <p class="muted">
        <span class="spinner" /> Running
      </p>
    );
  }
  if (outcome.state !== 'done') return null;
  const output = readToolOutput(outcome.result);
  const isError = outcome.result.is_error;
  return (
    <div class="outcome" role="group" aria-label="Result" data-state={isError ? 'error' : 'ok'}>
      <OutputImages images={output.images} />
      <OutputView output={output} />
      <OutputFacts facts={[isError ? 'failed' : 'done', duration(outcome.tookMs), ...output.facts]} />
    </div>
  );
}
