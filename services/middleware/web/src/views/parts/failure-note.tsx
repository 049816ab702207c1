import type { Failure } from '../../api/failures.ts';
import { Icon } from './icons.tsx';

interface FailureNoteProps {
  readonly failure: Failure;
  readonly onRetry?: () => void;
}

/** What went wrong, in words, and what to do now. */
export const FailureNote = ({ failure: { title, next }, onRetry }: FailureNoteProps) => (
  <div class="failure" role="alert">
    <p>
      <strong>{title}</strong> {next}
    </p>
    {onRetry !== undefined && (
      <button type="button" class="small" onClick={onRetry}>
        <Icon name="retry" /> Try again
      </button>
    )}
  </div>
);
