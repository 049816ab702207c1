import { accessSync, constants, mkdirSync } from 'node:fs';
import { ConfigError } from '@toolmesh/shared/kit/service/config';

/** Makes a folder that a setting names. @throws ConfigError when it cannot be made or written */
export function makeWritable(setting: string, folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const why = Error.isError(error) ? error.message : String(error);
    throw new ConfigError(`${setting}: the sandbox’s user cannot write ${folder} (${why}): name another folder`);
  }
}
