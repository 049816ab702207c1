import type { OutputFile, OutputImage, ToolOutput } from '../../answer/tool-output.ts';
import { bytes } from '../parts/amounts.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { download, downloadFrom, fileFromBase64 } from '../parts/download.ts';
import { Icon, IconButton } from '../parts/icons.tsx';

/** Drawing more than this would hold the page up; copying still takes all of it. */
const SHOWN_CHARS = 30_000;

/** Shows the texts and the files of a result. */
export const OutputView = ({ output: { texts, files } }: { readonly output: ToolOutput }) => (
  <>
    {texts.map(({ label, text, tone }) => (
      <div class="output" data-tone={tone}>
        <h4>
          {label} <CopyButton what={label.toLowerCase()} text={() => text} />
        </h4>
        <pre dir="ltr" tabIndex={0}>
          {text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}\n… (copy to get the rest)` : text}
        </pre>
      </div>
    ))}
    {files.length > 0 && (
      <ul class="files" aria-label="Files">
        {files.map((file) => (
          <li>
            <button type="button" class="file" onClick={() => save(file)}>
              <Icon name="file" /> {file.path} <small>{bytes(file.sizeBytes)}</small>
            </button>
          </li>
        ))}
      </ul>
    )}
  </>
);

export const OutputImages = ({ images }: { readonly images: readonly OutputImage[] }) =>
  images.length === 0 ? null : (
    <div class="images">
      {images.map(({ name, src, file }) => (
        <figure>
          <img src={src} alt={`Image ${name}`} />
          <figcaption>
            <span>{name}</span>
            <IconButton icon="down" label={`Save ${name}`} onClick={() => save(file)} />
          </figcaption>
        </figure>
      ))}
    </div>
  );

export const OutputFacts = ({ facts }: { readonly facts: readonly string[] }) => (
  <p class="facts">
    {facts.map((fact) => (
      <span>{fact}</span>
    ))}
  </p>
);

const save = ({ id, data, mimeType, path }: OutputFile): void => {
  const name = path.split('/').at(-1) ?? 'file';
  if (data === '' && id !== undefined) downloadFrom(`/files/${encodeURIComponent(id)}/content`, name);
  else download(fileFromBase64(data, mimeType), name);
};
