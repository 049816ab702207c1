import { useSignal } from '@preact/signals';
import { announce } from '../../state/announcements.ts';
import { Icon } from './icons.tsx';

const SHOWN_MS = 1_600;

interface CopyButtonProps {
  readonly text: () => string;
  /** The name of the text: `code`, `answer`. */
  readonly what: string;
  /** Shows the name beside the icon. */
  readonly isNamed?: boolean;
}

/** Copies `text` to the clipboard and announces it. */
export function CopyButton({ text, what, isNamed = false }: CopyButtonProps) {
  const isCopied = useSignal(false);
  const copy = async () => {
    if (!(await toClipboard(text()))) return announce(`The ${what} could not be copied`);
    announce(`Copied the ${what}`);
    isCopied.value = true;
    setTimeout(() => {
      isCopied.value = false;
    }, SHOWN_MS);
  };
  const label = isCopied.value ? 'Copied' : `Copy ${what}`;
  return (
    <button
      type="button"
      class={isNamed ? 'named-copy' : 'icon-button copy'}
      aria-label={label}
      title={label}
      onClick={() => void copy()}
    >
      <Icon name={isCopied.value ? 'check' : 'copy'} />
      {isNamed && label}
    </button>
  );
}

/** The clipboard API is there on localhost and over TLS only; elsewhere the old command does it. */
async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    field.className = 'offscreen';
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand('copy');
    field.remove();
    return isCopied;
  }
}
