import type { ClusterJob, ClusterUser } from '../../report/rows.ts';
import { renderJobsText } from './jobs-text.ts';
import { renderUsersText } from './users-text.ts';

/** What one user holds now, where that is much, and all jobs of that user; ends with a newline. */
export function renderUserText(held: readonly ClusterUser[], jobs: readonly ClusterJob[]): string {
  return [...(held.length > 0 ? [renderUsersText(held)] : []), renderJobsText(jobs)].join('\n');
}
