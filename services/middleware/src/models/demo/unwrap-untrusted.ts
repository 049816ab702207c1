const BLOCK = /<(untrusted-[\w-]+|tool_output [\w-]+)\b[^>]*>\r?\n?([\s\S]*?)\r?\n?<\/\1>/;

/** What a tool said, out of the block that marks it as untrusted for a model; a text without one is left as it is. */
export const unwrapUntrusted = (text: string): string => BLOCK.exec(text)?.[2] ?? text;
