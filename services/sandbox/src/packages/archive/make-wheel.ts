import { crc32 } from 'node:zlib';

interface ZipFile {
  readonly name: string;
  readonly content: Buffer;
}

/**
 * Makes a wheel that holds nothing but its metadata: all that pip reads of a wheel to resolve. `filename` is the name of
 * the wheel that it stands for.
 */
export function makeMetadataWheel(filename: string, metadata: string): Buffer {
  const [name = '', version = '', ...tags] = filename.slice(0, -'.whl'.length).split('-');
  const folder = `${name}-${version}.dist-info`;
  const tag = tags.slice(-3).join('-');
  return makeZip([
    { name: `${folder}/METADATA`, content: Buffer.from(metadata) },
    { name: `${folder}/WHEEL`, content: Buffer.from(`Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: ${tag}\n`) },
    { name: `${folder}/RECORD`, content: Buffer.from('') },
  ]);
}

const LOCAL_HEADER = 0x04_03_4b_50;
const CENTRAL_HEADER = 0x02_01_4b_50;
const END_OF_CENTRAL = 0x06_05_4b_50;
/** Version 2.0; names in UTF-8. */
const [ZIP_VERSION, UTF8] = [20, 0x08_00];
/** 1 January 1980, the earliest that a zip archive has. */
const FIRST_DAY = 0x21;

/** Makes a zip archive of a few small files, not compressed (APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16). */
function makeZip(files: readonly ZipFile[]): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of files) {
    const nameBytes = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(ZIP_VERSION, 0);
    common.writeUInt16LE(UTF8, 2);
    common.writeUInt16LE(FIRST_DAY, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([uint32(LOCAL_HEADER), common, nameBytes, content]);
    const attributes = Buffer.alloc(14);
    attributes.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([uint32(CENTRAL_HEADER), common.subarray(0, 2), common, attributes, nameBytes]));
    parts.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, directory, uint32(END_OF_CENTRAL), end]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
