import type { Tool } from '@toolmesh/shared/contracts/tool';
import type { MiddlewareConfig } from '../config.ts';
import type { HubClient } from '../hub-client.ts';
import type { Sampling } from '../models/model.ts';
import type { ModelChoice, OpenModel } from '../models/open-model.ts';
import type { Approvals } from '../policy/approvals.ts';
import type { Permission } from '../policy/permission.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { ChatMetrics } from '../telemetry/chat-metrics.ts';
import type { ActiveRuns } from './active-runs.ts';
import type { CodeSessions } from './code-sessions.ts';
import type { ChatInput } from './conversation.ts';
import type { KeepFiles } from './keep-files.ts';

/** A chat that a caller asks for. */
export interface ChatOrder extends ModelChoice {
  readonly input: ChatInput;
  readonly sessionId: string | undefined;
  readonly tools: ToolChoice;
  readonly maxSteps: number;
  /** True when the conversation is stored and the user can be asked for approval. */
  readonly isSession: boolean;
  /** True when the caller reads progress and output of tools as they come. */
  readonly wantsProgress: boolean;
  /** The caller's own tools. */
  readonly externalTools?: readonly Tool[];
  readonly sampling?: Sampling | undefined;
  readonly signal: AbortSignal;
}

/** The tools that may be used, by name; all by default. */
export interface ToolChoice {
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
}

/** An order with the ids that its run goes by. */
export interface StartedOrder extends ChatOrder {
  readonly sessionId: string;
  readonly runId: string;
}

/** The parts of the service that a chat uses. */
export interface ChatDependencies {
  readonly config: MiddlewareConfig;
  readonly hub: HubClient;
  readonly openModel: OpenModel;
  readonly metrics: ChatMetrics;
  readonly runs: ActiveRuns;
  readonly sessions: Sessions;
  readonly approvals: Approvals;
  readonly permissionOf: (tool: Tool) => Permission;
  readonly keepFiles: KeepFiles;
  readonly codeSessions: CodeSessions;
}
