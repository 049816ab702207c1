import type { ComponentChildren, VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { completeMarkdown } from '../../markdown/complete-markdown.ts';
import { type Cell, type MarkdownNode, parseMarkdown } from '../../markdown/markdown-tree.ts';
import { CodeBlock } from './code-block.tsx';
import { Icon } from '../parts/icons.tsx';

interface MarkdownViewProps {
  readonly text: string;
  readonly isStreaming: boolean;
}

/** Draws Markdown as elements. A block whose text has not changed stays the same element: nothing flickers. */
export function MarkdownView({ text, isStreaming }: MarkdownViewProps) {
  const drawn = useRef<{ readonly source: string; readonly view: VNode }[]>([]);
  const blocks = parseMarkdown(isStreaming ? completeMarkdown(text) : text);
  drawn.current = blocks.map(({ source, nodes }, index) => {
    const before = drawn.current[index];
    return before?.source === source ? before : { source, view: <Block key={index} nodes={nodes} /> };
  });
  return (
    <div class="markdown" dir="auto">
      {drawn.current.map(({ view }) => view)}
    </div>
  );
}

const Block = ({ nodes }: { readonly nodes: readonly MarkdownNode[] }) => <>{nodes.map(draw)}</>;

function draw(node: MarkdownNode): ComponentChildren {
  if (typeof node === 'string') return node;
  switch (node.tag) {
    case 'br':
      return <br />;
    case 'hr':
      return <hr />;
    case 'a':
      return (
        <a href={node.href} target="_blank" rel="noopener noreferrer">
          {node.children.map(draw)}
        </a>
      );
    case 'image':
      return <img src={node.src} alt={node.alt} />;
    case 'remote-image':
      return <RemoteImage {...node} />;
    case 'code-block':
      return <CodeBlock language={node.language} text={node.text} />;
    case 'checkbox':
      return <input type="checkbox" checked={node.checked} disabled aria-label={node.checked ? 'Done' : 'To do'} />;
    case 'ol':
      return <ol start={node.start}>{node.children.map(draw)}</ol>;
    case 'table':
      return <Table head={node.head} rows={node.rows} />;
    default: {
      const Tag = node.tag;
      return <Tag>{node.children.map(draw)}</Tag>;
    }
  }
}

interface RemoteImageProps {
  readonly host: string;
  readonly href: string | undefined;
  readonly alt: string;
}

/** Stands in for an image of another host. Its address could carry parts of the chat, so nothing is fetched. */
function RemoteImage({ host, href, alt }: RemoteImageProps) {
  const label = (
    <>
      <Icon name="image" />
      <span>
        {alt === '' ? 'Image' : alt} <small>from {host}, not loaded</small>
      </span>
    </>
  );
  if (href === undefined) return <span class="remote-image">{label}</span>;
  return (
    <a class="remote-image" href={href} target="_blank" rel="noopener noreferrer">
      {label}
    </a>
  );
}

const Table = ({ head, rows }: { readonly head: readonly Cell[]; readonly rows: readonly (readonly Cell[])[] }) => (
  <div class="table" role="region" aria-label="Table" tabIndex={0}>
    <table>
      <thead>
        <tr>
          {head.map(({ align, children }) => (
            <th class={alignClass(align)}>{children.map(draw)}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((cells) => (
          <tr>
            {cells.map(({ align, children }) => (
              <td class={alignClass(align)}>{children.map(draw)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const alignClass = (align: Cell['align']): string => (align === null ? '' : `align-${align}`);
