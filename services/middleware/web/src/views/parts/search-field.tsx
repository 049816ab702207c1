import type { Signal } from '@preact/signals';
import { Icon } from './icons.tsx';

interface SearchFieldProps {
  /** Names the field and stands in it while it is empty. */
  readonly label: string;
  readonly query: Signal<string>;
}

/** Shows a field to search a list with. */
export const SearchField = ({ label, query }: SearchFieldProps) => (
  <label class="search">
    <Icon name="search" />
    <input
      type="search"
      placeholder={label}
      aria-label={label}
      value={query.value}
      onInput={(event) => {
        query.value = event.currentTarget.value;
      }}
    />
  </label>
);

/** Returns true for a text that holds what a query asks for. An empty query matches everything. */
export const matches = (text: string, query: string): boolean =>
  text.toLowerCase().includes(query.trim().toLowerCase());
