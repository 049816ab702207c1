/**
 * Text with its characters that do not show, or that change the order in which others show, written out as `⟨U+202E⟩`:
 * what somebody is asked to allow must be what they see (https://trojansource.codes). Tabs and line feeds stay.
 */
export const revealHidden = (text: string): string =>
  text.replaceAll(HIDDEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });

/** Control, format (bidirectional, zero width, tags), private and separator characters, and blanks that draw nothing. */
const HIDDEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\u115F\u1160\u3164\uFFA0\u2800]/gu;
