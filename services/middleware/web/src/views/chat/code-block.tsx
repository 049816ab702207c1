import { highlight } from '../../markdown/highlight.ts';
import { CopyButton } from '../parts/copy-button.tsx';

interface CodeBlockProps {
  readonly language: string;
  readonly text: string;
}

/** Shows code with its language and a button that copies it. */
export const CodeBlock = ({ language, text }: CodeBlockProps) => (
  <figure class="code-block">
    <figcaption>
      <span>{language === '' ? 'text' : language}</span>
      <CopyButton what="code" text={() => text} />
    </figcaption>
    <Code language={language} text={text} />
  </figure>
);

/** Shows highlighted code without a frame. */
export const Code = ({ language, text }: CodeBlockProps) => (
  <pre dir="ltr" tabIndex={0}>
    <code>
      {highlight(text, language).map(({ kind, text: part }) =>
        kind === 'plain' ? part : <span class={`code-${kind}`}>{part}</span>,
      )}
    </code>
  </pre>
);
