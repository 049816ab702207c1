import { pipeline } from 'node:stream/promises';
import { type FileCall, fileRoutes } from '@toolmesh/shared/kit/http/file-routes';
import type { Route } from '@toolmesh/shared/kit/http/route';
import type { FileStore } from './file-store.ts';
import { toFileInfo } from './file-url.ts';
import { receiveUpload } from './receive-upload.ts';

/** The files of callers: upload, list, describe, download, delete. */
export const storedFileRoutes = (store: FileStore): readonly Route[] =>
  fileRoutes({
    upload: async ({ query, req }) =>
      toFileInfo(await receiveUpload(req, store, { name: query.name, session: query.session_id })),
    list: ({ query }) => ({ files: store.ofSession(query.session_id).map(toFileInfo) }),
    describe: ({ params }) => toFileInfo(store.find(params.id)),
    download: (call) => sendContent(store, call),
    remove: async ({ params }) => {
      await store.remove(params.id);
      return { file_id: params.id, status: 'deleted' };
    },
  });

/** Nothing in a file runs or is shown as a page of this address, whatever a browser makes of it. */
const POLICY = "default-src 'none'; sandbox";

async function sendContent(store: FileStore, { params, req, res }: FileCall): Promise<undefined> {
  const { id, name, mime_type, size_bytes } = store.find(params.id);
  const ranges = req.range(size_bytes, { combine: true });
  if (ranges === -1) {
    res.set('content-range', `bytes */${size_bytes}`).status(416).end();
    return undefined;
  }
  // Several ranges, and units other than bytes, are answered with the whole.
  const [range] = Array.isArray(ranges) && ranges.type === 'bytes' && ranges.length === 1 ? ranges : [];
  const { start, end } = range ?? { start: 0, end: size_bytes - 1 };
  res.attachment(name).set({
    'content-type': mime_type,
    'content-length': String(end - start + 1),
    'content-security-policy': POLICY,
    'accept-ranges': 'bytes',
  });
  if (range !== undefined) res.status(206).set('content-range', `bytes ${start}-${end}/${size_bytes}`);
  const handle = await store.read(id);
  if (req.method === 'HEAD' || size_bytes === 0) {
    await handle.close();
    res.end();
    return undefined;
  }
  // A caller who has gone is no fault of ours.
  await pipeline(handle.createReadStream({ start, end }), res).catch((error: unknown) => {
    if (!res.destroyed) throw error;
  });
  return undefined;
}
