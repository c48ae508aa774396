// Where the link stands: in the address. Of a page in a file it stands behind #, for browsers refuse another
// query there; it tells neither the prompt nor the model, which are in the file.
import { isSaved } from '../api/saved';
import { formatLink, type Link } from './link';

/** Begins with '?', or is empty. */
export const readAddress = (): string => (isSaved() ? location.hash.slice(1) : location.search);

export function addressOf(link: Link): string {
  if (!isSaved()) return location.pathname + formatLink(link);
  return `#${formatLink({ ...link, model: '', prompt: '', ids: [], chat: false, out: null }) || '?'}`;
}
