import { signal } from '@preact/signals';

/** The next polite announcement for screen readers. */
export const announcement = signal('');

/** Announces `text` to screen readers. The same text twice in a row is announced twice. */
export function announce(text: string): void {
  announcement.value = announcement.value === text ? `${text}\u00A0` : text;
}
