/** Whether a content type is JSON, by its name or by its suffix. */
export const isJsonType = (type: string): boolean => /^application\/([^;]+\+)?json\s*(;|$)/i.test(type.trim());
