import { contentPath, type FileInfo } from '@toolmesh/shared/contracts/files';
import { currentContext } from '@toolmesh/shared/kit/telemetry/request-context';
import type { FileRecord } from './file-record.ts';

/** Returns where a file is downloaded, by the address that the caller of the present request knows. */
export const fileUrl = (id: string): string => `${currentContext()?.publicUrl ?? ''}${contentPath(id)}`;

/** Returns a kept file as callers see it. */
export const toFileInfo = (record: FileRecord): FileInfo => ({
  file_id: record.id,
  id: record.id,
  name: record.name,
  mime_type: record.mime_type,
  size_bytes: record.size_bytes,
  created_at: new Date(record.created_ms).toISOString(),
  expires_at: new Date(record.expires_ms).toISOString(),
  url: fileUrl(record.id),
});
