// Leave hashes in package-lock.json and take addresses out, as the other locks of this repository do.
import { readFile, writeFile } from 'node:fs/promises';

const place = new URL('package-lock.json', import.meta.url);
const lock = JSON.parse(await readFile(place, 'utf8'));
for (const [name, locked] of Object.entries(lock.packages)) {
  delete locked.resolved;
  delete locked.funding;
  if (name && !locked.integrity) throw new Error(`${name} has no hash`);
}
await writeFile(place, `${JSON.stringify(lock, null, 2)}\n`);
