import { crc32, deflateSync } from 'node:zlib';

/** A picture as a plot would be: a wave on white, as a PNG in base64. */
export function plotPng(width = 640, height = 320): string {
  const rows = Buffer.alloc(height * (width * 3 + 1), 0xff);
  for (let y = 0; y < height; y += 1) rows[y * (width * 3 + 1)] = 0;
  for (let x = 0; x < width; x += 1) {
    const middle = height / 2 - Math.sin(x / 40) * Math.exp(-x / 300) * height * 0.4;
    for (let y = Math.round(middle) - 2; y <= middle + 2; y += 1) {
      rows.set([0x1f, 0x77, 0xb4], y * (width * 3 + 1) + 1 + x * 3);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([signature, ...chunks]).toString('base64');
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
