const isUrl = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'href' in value && 'protocol' in value;

/** Stands for the class `URL` where memfs asks what a path is: the class itself is loaded when a program asks for it. */
export const URL = Object.defineProperty(function URL() {}, Symbol.hasInstance, { value: isUrl });
