import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { prettyJson, textOf } from '../../api/json.ts';
import { Code } from '../chat/code-block.tsx';

interface ArgumentsViewProps {
  readonly input: unknown;
  /** The arguments so far, while the model writes them. */
  readonly inputText?: string;
  /** Changes each text before it is shown. */
  readonly reveal?: (text: string) => string;
}

const asItIs = (text: string): string => text;

/** Shows the exact arguments of a call: code as code, everything else as JSON. */
export function ArgumentsView({ input, inputText = '', reveal = asItIs }: ArgumentsViewProps) {
  if (input === undefined) return inputText === '' ? null : <Arguments text={inputText} />;
  if (!isRecord(input)) return <Arguments text={reveal(prettyJson(input))} />;
  const { code, language, ...rest } = input;
  if (typeof code !== 'string') {
    return Object.keys(input).length === 0 ? (
      <p class="muted">No arguments</p>
    ) : (
      <Arguments text={reveal(prettyJson(input))} />
    );
  }
  return (
    <>
      <div class="output">
        <h4>Code{language === undefined ? '' : `, ${reveal(prettyJson(language))}`}</h4>
        <Code language={textOf(language) ?? 'python'} text={reveal(code)} />
      </div>
      {Object.keys(rest).length > 0 && <Arguments text={reveal(prettyJson(rest))} />}
    </>
  );
}

const Arguments = ({ text }: { readonly text: string }) => (
  <div class="output">
    <h4>Arguments</h4>
    <Code language="json" text={text} />
  </div>
);
