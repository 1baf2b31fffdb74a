import type { PageRequest } from '../render/page-request.ts';
import type { LedgerReader } from '../report/ledger.ts';

/**
 * Whether the ledger has a record of the one user or job that a page is about. A ledger that cannot be read has none: a
 * page of now must not fail with it.
 */
export async function hasRecord(
  ledger: Pick<LedgerReader, 'hasUser' | 'hasJob'> | null | undefined,
  { view, only }: PageRequest,
): Promise<boolean> {
  if (ledger == null || only === null) return false;
  try {
    if (view === 'user') return await ledger.hasUser(only);
    return view === 'job' && (await ledger.hasJob(only));
  } catch {
    return false;
  }
}
