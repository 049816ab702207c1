import { join } from 'node:path';
import type { TimeoutUnit } from '../../services/mcp-server/src/mesh-config/dialects/timeouts.ts';

/** A program whose servers can be imported, with the usual places of its file. */
export interface ClientFiles {
  readonly program: string;
  readonly paths: readonly string[];
  /** The unit of its `timeout`. */
  readonly unit?: TimeoutUnit;
}

export interface Place {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  /** The project. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Returns the programs whose files are known, with their places on this system. */
export function clientFiles({ platform, home, folder, env }: Place): readonly ClientFiles[] {
  const data = appData({ platform, home, env });
  const inHome = (...parts: readonly string[]) => join(home, ...parts);
  const inFolder = (...parts: readonly string[]) => join(folder, ...parts);
  const editors = ['Code', 'Code - Insiders', 'VSCodium', 'Cursor', 'Windsurf'];
  const extension = (id: string, file: string) =>
    editors.map((editor) => join(data, editor, 'User', 'globalStorage', id, 'settings', file));
  const config = env['XDG_CONFIG_HOME'] || inHome('.config');
  return [
    { program: 'claude', paths: [join(data, 'Claude', 'claude_desktop_config.json')] },
    { program: 'claude-code', unit: 'ms', paths: [inFolder('.mcp.json'), inHome('.claude.json')] },
    { program: 'cursor', paths: [inFolder('.cursor', 'mcp.json'), inHome('.cursor', 'mcp.json')] },
    {
      program: 'vscode',
      paths: [
        inFolder('.vscode', 'mcp.json'),
        join(data, 'Code', 'User', 'mcp.json'),
        join(data, 'Code', 'User', 'settings.json'),
      ],
    },
    { program: 'windsurf', paths: [inHome('.codeium', 'windsurf', 'mcp_config.json')] },
    { program: 'cline', unit: 's', paths: extension('saoudrizwan.claude-dev', 'cline_mcp_settings.json') },
    {
      program: 'roo',
      unit: 's',
      paths: [inFolder('.roo', 'mcp.json'), ...extension('rooveterinaryinc.roo-cline', 'mcp_settings.json')],
    },
    {
      program: 'gemini',
      unit: 'ms',
      paths: [inFolder('.gemini', 'settings.json'), inHome('.gemini', 'settings.json')],
    },
    { program: 'continue', paths: [inHome('.continue', 'config.yaml'), inHome('.continue', 'config.json')] },
    {
      program: 'zed',
      paths: [
        inFolder('.zed', 'settings.json'),
        platform === 'win32' ? join(data, 'Zed', 'settings.json') : join(config, 'zed', 'settings.json'),
      ],
    },
    { program: 'opencode', unit: 'ms', paths: [inFolder('opencode.json'), join(config, 'opencode', 'opencode.json')] },
  ];
}

/** Returns the folder in which desktop programs keep their settings. */
function appData({ platform, home, env }: Omit<Place, 'folder'>): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  if (platform === 'win32') return env['APPDATA'] || join(home, 'AppData', 'Roaming');
  return env['XDG_CONFIG_HOME'] || join(home, '.config');
}
