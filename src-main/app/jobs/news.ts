import { readNewsFile } from '../../news/readFile.ts';
import { openStores } from '../../store/stores.ts';
import { type StoredNews, storeBatch } from '../newsStore.ts';

export interface NewsImportPayload {
  readonly home: string;
  readonly path: string;
  readonly fileName?: string | undefined;
  readonly zone?: string | undefined;
  readonly nowMs: number;
}

/** Reads a calendar file and stores its events, all or none. */
export async function newsImportJob(payload: NewsImportPayload): Promise<StoredNews> {
  const { home, path, fileName, zone, nowMs } = payload;
  const batch = await readNewsFile(path, { fileName, zone, nowMs });
  const stores = openStores(home);
  try {
    return storeBatch(stores.news, batch, nowMs);
  } finally {
    stores.close();
  }
}
