import type { Signal } from '@preact/signals';
import { IconButton } from './icons.tsx';

interface CloseButtonProps {
  readonly label: string;
  readonly isOpen: Signal<boolean>;
  readonly class?: string;
}

/** Shows the cross that closes a panel. */
export const CloseButton = ({ label, isOpen, class: className }: CloseButtonProps) => (
  <IconButton
    icon="cross"
    label={label}
    {...(className === undefined ? {} : { class: className })}
    onClick={() => {
      isOpen.value = false;
    }}
  />
);
