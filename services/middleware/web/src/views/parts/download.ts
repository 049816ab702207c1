/** Hands a file to the browser to save. */
export function download(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  downloadFrom(address, name);
  // The browser has taken hold of the file by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Has the browser save what an address of this page gives. */
export function downloadFrom(address: string, name: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
}

/** The bytes of base64 text as a file; what is no base64 is an empty one. */
export function fileFromBase64(data: string, type: string): Blob {
  try {
    return new Blob([Uint8Array.from(atob(data.replaceAll(/\s/g, '')), (character) => character.charCodeAt(0))], {
      type,
    });
  } catch {
    return new Blob([], { type });
  }
}
