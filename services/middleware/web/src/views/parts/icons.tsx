const PATHS = {
  menu: 'M3 5.500h14M3 10h14M3 14.500h14',
  plus: 'M10 4v12M4 10h12',
  search: 'M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12ZM13.500 13.500 17 17',
  trash: 'M4 6h12M8 6V4h4v2M5.500 6l.7 10h7.600l.7-10',
  copy: 'M7 7V4.500A1.500 1.500 0 0 1 8.500 3h7A1.500 1.500 0 0 1 17 4.500v7a1.500 1.500 0 0 1-1.500 1.500H13M4.500 7h7A1.500 1.500 0 0 1 13 8.500v7a1.500 1.500 0 0 1-1.500 1.500h-7A1.500 1.500 0 0 1 3 15.500v-7A1.500 1.500 0 0 1 4.500 7Z',
  check: 'm4.500 10.500 3.500 3.500 7.500-8',
  cross: 'm5.500 5.500 9 9m0-9-9 9',
  edit: 'm12.500 4.500 3 3L7 16l-3.500.5L4 13l8.500-8.500Z',
  retry: 'M15.500 8A6 6 0 1 0 16 10.500M16 4v4h-4',
  send: 'M10 16V4.500M5 9l5-5 5 5',
  stop: 'M6 6h8v8H6z',
  down: 'M10 4v11.500M5 11l5 5 5-5',
  chevron: 'm7 5 5 5-5 5',
  tool: 'M12.500 3a4.500 4.500 0 0 0-4 6.300L3 14.800 5.200 17l5.500-5.500A4.500 4.500 0 0 0 17 7.500c0-.6-.1-1-.3-1.500L14 8.700 11.300 6 14 3.300A5 5 0 0 0 12.500 3Z',
  export: 'M10 12.500V3M6 6.500 10 3l4 3.500M4 11v5h12v-5',
  file: 'M5 3h6l4 4v10H5zM11 3v4h4',
  hand: 'M10 3v7m0-5.500a1.500 1.500 0 0 1 3 0V10m0-3a1.500 1.500 0 0 1 3 0v5a5 5 0 0 1-5 5c-2.500 0-3.700-1-5-3.500L4.200 10.800a1.300 1.300 0 0 1 2.300-1.300L7 10.500V5a1.500 1.500 0 0 1 3 0',
  bulb: 'M7.500 14.500h5M8 17h4M10 3a5 5 0 0 0-3 9c.5.400.7 1 .7 1.500h4.600c0-.5.2-1.100.7-1.500a5 5 0 0 0-3-9Z',
  sun: 'M10 13.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7ZM10 2v1.500M10 16.500V18M2 10h1.500M16.500 10H18M4.300 4.300l1.100 1.100M14.600 14.600l1.100 1.100M4.300 15.700l1.100-1.100M14.600 5.400l1.100-1.100',
  moon: 'M16.500 11.500A7 7 0 0 1 8.500 3.500a7 7 0 1 0 8 8Z',
  screen: 'M3 4h14v9.500H3zM7.500 17h5M10 13.500V17',
  image: 'M3 4h14v12H3zM3 13l4-4 4 4 2-2 4 4M13 8h.01',
} as const;

export type IconName = keyof typeof PATHS;

/** A picture beside words that say the same; what has no words beside it needs a label of its own. */
export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
);

interface IconButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: () => void;
  readonly class?: string;
  readonly pressed?: boolean;
}

/** A button that shows a picture and is called `label`. */
export const IconButton = ({ icon, label, onClick, class: extra = '', pressed }: IconButtonProps) => (
  <button
    type="button"
    class={`icon-button ${extra}`}
    aria-label={label}
    title={label}
    onClick={onClick}
    {...(pressed === undefined ? {} : { 'aria-pressed': pressed })}
  >
    <Icon name={icon} />
  </button>
);
