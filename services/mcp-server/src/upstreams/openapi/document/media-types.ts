/** Returns whether a content type is JSON, by its name or its suffix. */
export const isJsonType = (type: string): boolean => /^application\/([^;]+\+)?json\s*(;|$)/i.test(type.trim());
