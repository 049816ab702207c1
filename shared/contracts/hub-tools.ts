/** The hub's own tools (contract, section 4): for whom a list of all tools is too long. */
export const SEARCH_TOOLS = 'search_tools';
export const CALL_TOOL = 'call_tool';
/** The server that both are said to come from. */
export const HUB_SERVER = 'toolmesh';

/** Returns whether a tool is one of the hub's own. No upstream can have these names. */
export const isHubTool = (name: string): boolean => name === SEARCH_TOOLS || name === CALL_TOOL;
