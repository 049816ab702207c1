import { signal } from '@preact/signals';

/** What a screen reader is told next, politely. */
export const announcement = signal('');

/** Says `text` to whoever listens instead of looking. The same text twice in a row is said twice. */
export function announce(text: string): void {
  announcement.value = announcement.value === text ? `${text}\u00A0` : text;
}
