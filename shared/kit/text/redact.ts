/** Takes secrets out of text. */
export type Redact = (text: string) => string;

/** Variables and headers whose values are secrets, whatever they look like. */
const SECRET_NAME = /key|token|secret|pass|auth|credential|cookie|session|dsn|signature/i;
/** Below this a value is a word, which would be taken out of every sentence. */
const MIN_NAMED = 4;
/** A long value of letters and digits that is no path and no sentence: most likely a key. */
const KEY_LIKE = /^(?=.*[0-9])(?=.*[A-Za-z])[\w.~+=-]{20,}$/;

/** Returns what replaces the secrets among `values`, which are by the names of variables or headers. */
export function createRedactor(values: Readonly<Record<string, string>>): Redact {
  const secrets = Object.entries(values)
    .filter(([name, value]) => (SECRET_NAME.test(name) ? value.length >= MIN_NAMED : KEY_LIKE.test(value)))
    .flatMap(([, value]) => [value, ...value.split(' ').filter((part) => part.length >= MIN_NAMED * 2)])
    .toSorted((one, other) => other.length - one.length);
  return (text) => secrets.reduce((shown, secret) => shown.replaceAll(secret, '[redacted]'), text);
}
