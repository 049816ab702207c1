// Searches the sections of all pages, which the build wrote to search-index.js. It is loaded when the field is first used.
const root = document.querySelector('script[data-root]')?.getAttribute('data-root') ?? '';
const field = document.querySelector('#search');
const list = document.querySelector('#found');
const MOST = 12;
let loading;

const loadIndex = () =>
  (loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = `${root}search-index.js`;
    script.addEventListener('load', () => resolve(globalThis.searchIndex));
    script.addEventListener('error', reject);
    document.head.append(script);
  }));

const scoreOf = (section, words) => {
  const heading = section.heading.toLowerCase();
  const text = section.text.toLowerCase();
  let score = 0;
  for (const word of words) {
    if (heading.includes(word)) score += 10;
    else if (text.includes(word)) score += 1;
    else return 0;
  }
  return score;
};

const entry = ({ target, slug, page, heading, text }, word) => {
  const item = document.createElement('li');
  const link = document.createElement('a');
  const excerpt = document.createElement('small');
  const at = Math.max(0, text.toLowerCase().indexOf(word) - 40);
  link.href = `${root}${target}#${slug}`;
  link.textContent = heading === page ? page : `${page}: ${heading}`;
  excerpt.textContent = text.slice(at, at + 120);
  link.append(excerpt);
  item.append(link);
  return item;
};

const show = (all) => {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const scored = words.length === 0 ? [] : all.map((section) => [scoreOf(section, words), section]);
  const best = scored.filter(([score]) => score > 0).sort(([one], [other]) => other - one);
  list.replaceChildren(...best.slice(0, MOST).map(([, section]) => entry(section, words[0])));
  list.hidden = best.length === 0;
};

field.addEventListener('focus', () => void loadIndex());
field.addEventListener('input', () => void loadIndex().then(show));
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && document.activeElement !== field) {
    event.preventDefault();
    field.focus();
  } else if (event.key === 'Escape') list.hidden = true;
});
