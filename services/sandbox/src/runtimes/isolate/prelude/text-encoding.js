// Prelude: TextEncoder and TextDecoder (https://encoding.spec.whatwg.org), which a bare isolate lacks.

const REPLACEMENT = 0xfffd;
/** String.fromCharCode takes its arguments on the stack. */
const CHUNK = 8192;

globalThis.TextEncoder = class TextEncoder {
  get encoding() {
    return 'utf-8';
  }

  encode(input = '') {
    const text = String(input);
    const bytes = new Uint8Array(text.length * 3);
    return bytes.slice(0, encodeUtf8(text, bytes).written);
  }

  encodeInto(input, target) {
    return encodeUtf8(String(input), target);
  }
};

/** Encodes whole characters of `text` while they fit; returns `{read, written}` in UTF-16 units and bytes. */
function encodeUtf8(text, target) {
  let read = 0;
  let written = 0;
  while (read < text.length) {
    const point = text.codePointAt(read);
    const code = point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point;
    const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (written + size > target.length) break;
    if (size === 1) target[written] = code;
    else {
      for (let i = size - 1; i > 0; i -= 1) target[written + i] = 0x80 | ((code >> (6 * (size - 1 - i))) & 0x3f);
      target[written] = ((0xf00 >> size) & 0xff) | (code >> (6 * (size - 1)));
    }
    read += point > 0xffff ? 2 : 1;
    written += size;
  }
  return { read, written };
}

const DECODERS = {
  'utf-8': decodeUtf8,
  utf8: decodeUtf8,
  'utf-16le': decodeUtf16,
  'utf-16': decodeUtf16,
  latin1: decodeLatin1,
  'iso-8859-1': decodeLatin1,
  'windows-1252': decodeLatin1,
  ascii: decodeLatin1,
};

globalThis.TextDecoder = class TextDecoder {
  #decode;
  #keepBom;

  constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
    this.encoding = String(label).trim().toLowerCase();
    this.fatal = fatal;
    this.ignoreBOM = ignoreBOM;
    this.#decode = DECODERS[this.encoding];
    this.#keepBom = ignoreBOM;
    if (this.#decode === undefined) throw new RangeError(`The encoding ${label} is not supported`);
  }

  decode(input) {
    if (input === undefined) return '';
    const bytes = ArrayBuffer.isView(input)
      ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
      : new Uint8Array(input);
    const text = this.#decode(bytes, this.fatal);
    return !this.#keepBom && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
};

/** Collects UTF-16 units into a string, a chunk at a time. */
function createTextBuilder() {
  let text = '';
  let units = [];
  const flush = () => {
    text += String.fromCharCode.apply(null, units);
    units = [];
  };
  return {
    push(point) {
      if (point > 0xffff) units.push(0xd7c0 + (point >> 10), 0xdc00 | (point & 0x3ff));
      else units.push(point);
      if (units.length > CHUNK) flush();
    },
    finish() {
      flush();
      return text;
    },
  };
}

/** First bytes after which not every continuation is valid, with the bounds of those that are. */
const SECOND_BYTES = { 0xe0: [0xa0, 0xbf], 0xed: [0x80, 0x9f], 0xf0: [0x90, 0xbf], 0xf4: [0x80, 0x8f] };

const continuationsAfter = (byte) => (byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3);

/** The UTF-8 decoder of the standard: each maximal part of a broken sequence becomes one U+FFFD. */
function decodeUtf8(bytes, fatal) {
  const out = createTextBuilder();
  let point = 0;
  let needed = 0;
  let lower = 0x80;
  let upper = 0xbf;
  const broken = () => {
    if (fatal) throw new TypeError('The data is not valid UTF-8');
    out.push(REPLACEMENT);
    needed = 0;
  };
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i];
    if (needed > 0) {
      if (byte < lower || byte > upper) {
        broken();
        i -= 1;
      } else {
        point = (point << 6) | (byte & 0x3f);
        needed -= 1;
        if (needed === 0) out.push(point);
      }
      lower = 0x80;
      upper = 0xbf;
    } else if (byte < 0x80) out.push(byte);
    else if (byte >= 0xc2 && byte <= 0xf4) {
      needed = continuationsAfter(byte);
      point = byte & (0x3f >> needed);
      [lower, upper] = SECOND_BYTES[byte] ?? [0x80, 0xbf];
    } else broken();
  }
  if (needed > 0) broken();
  return out.finish();
}

function decodeUtf16(bytes, fatal) {
  if (fatal && bytes.length % 2 === 1) throw new TypeError('The data is not valid UTF-16');
  const out = createTextBuilder();
  for (let i = 0; i + 1 < bytes.length; i += 2) out.push(bytes[i] | (bytes[i + 1] << 8));
  return out.finish();
}

function decodeLatin1(bytes) {
  const out = createTextBuilder();
  for (const byte of bytes) out.push(byte);
  return out.finish();
}
