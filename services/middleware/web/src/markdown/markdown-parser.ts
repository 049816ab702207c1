import MarkdownIt, { type Token } from 'markdown-it';

/** Marks that may open or close something, in one paragraph, heading or cell. A person writes some dozens. */
const MAX_MARKS = 400;
/** The cost that the marks of one paragraph may have: each is looked for in all of its text. */
const MAX_COST = 2_000_000;
const MARKS = new Set('*_~[]!`<&\\:@');

/**
 * A parser of CommonMark with GitHub's tables, strike-through and bare links. HTML is a token of
 * its own, so that nothing in it is read as Markdown. Its time grows with the
 * length of the text alone: a paragraph with more marks than any person writes is not looked into, for the search for the
 * end of each goes through all of the paragraph.
 */
export function createMarkdownParser(): (text: string) => readonly Token[] {
  const markdown = new MarkdownIt({ html: true, breaks: true, linkify: true });
  // Addresses are judged where they are used; bare names such as `read.me` are no links.
  markdown.validateLink = () => true;
  markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
  const { inline } = markdown;
  const parse = inline.parse.bind(inline);
  inline.parse = (text, ...rest) => {
    const marks = countMarks(text);
    return parse(marks <= MAX_MARKS && marks * text.length <= MAX_COST ? text : '', ...rest);
  };
  return (text) => markdown.parse(text, {});
}

function countMarks(text: string): number {
  let marks = 0;
  for (const char of text) if (MARKS.has(char)) marks += 1;
  return marks;
}
