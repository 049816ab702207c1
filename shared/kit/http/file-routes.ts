import { FileId, FileInfo, FileList, SandboxSessionId } from '../../contracts/files.ts';
import { MeshError } from '../faults/errors.ts';
import { z } from 'zod';
import { isTrusted } from './access.ts';
import { defineRoute, type Route, type RouteCall } from './route.ts';

const Params = z.object({ id: FileId });
const UploadQuery = z.object({ name: z.string().min(1).max(255).optional(), session_id: SandboxSessionId.optional() });
const ListQuery = z.object({ session_id: SandboxSessionId });

/** Paths that need no key: who knows the id of a file may download it. */
export const FILE_PATHS = ['/files/*'];

type Answer<Body> = Promise<Body | undefined> | Body | undefined;

/** The ways to handle the files of callers: those of the sandbox, which keeps them, or of a service that passes on. */
export interface FileHandlers {
  upload(call: RouteCall<{ query: typeof UploadQuery }>): Answer<FileInfo>;
  list(call: RouteCall<{ query: typeof ListQuery }>): Answer<FileList>;
  describe(call: FileCall): Answer<FileInfo>;
  download(call: FileCall): Answer<undefined>;
  remove(call: FileCall): Answer<object>;
}

/** A request for one file. */
export type FileCall = RouteCall<{ params: typeof Params }>;

/** Returns the routes of files, which are the same at every service that has them. */
export const fileRoutes = ({ upload, list, describe, download, remove }: FileHandlers): readonly Route[] => [
  defineRoute({
    method: 'post',
    path: '/files',
    summary: 'Keeps a file: a form (multipart/form-data), or the body as it is with ?name=',
    input: { query: UploadQuery },
    response: FileInfo,
    handle: upload,
  }),
  defineRoute({
    method: 'get',
    path: '/files',
    summary: 'Lists the files that came from a session of execute_code, the oldest first',
    input: { query: ListQuery },
    response: FileList,
    handle: list,
  }),
  defineRoute({
    method: 'get',
    path: '/files/:id',
    summary: 'Describes a file',
    input: { params: Params },
    response: FileInfo,
    handle: (call) => describe(withKey(call)),
  }),
  defineRoute({
    method: 'get',
    path: '/files/:id/content',
    summary: 'Downloads a file, whole or a range of it; needs no key but the id',
    input: { params: Params },
    handle: download,
  }),
  defineRoute({
    method: 'delete',
    path: '/files/:id',
    summary: 'Deletes a file',
    input: { params: Params },
    handle: (call) => remove(withKey(call)),
  }),
];

/** Returns a call of somebody who has the key: the paths of files are open, for downloads. */
function withKey(call: FileCall): FileCall {
  if (isTrusted(call.res)) return call;
  throw new MeshError('unauthorized', 'A key is needed: send it as X-API-Key or as Authorization: Bearer');
}
