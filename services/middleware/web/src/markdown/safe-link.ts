const PROTOCOLS = new Set(['http:', 'https:', 'mailto:']);

/**
 * The address that a link may lead to, written out in full; undefined for anything but the web and mail: no
 * `javascript:`, however it is disguised, no `data:`, no path of this very site.
 */
export function safeLink(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { href, protocol } = new URL(address);
  return PROTOCOLS.has(protocol) ? href : undefined;
}

/** Whom an address belongs to, for a reader. */
export const hostOf = (href: string): string => new URL(href).host || href;
