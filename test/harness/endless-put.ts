/** A process of its own, to be killed: puts without end into the store named by its first argument, under the key of its second. */
import { Readable } from 'node:stream';
import { openFileStore } from '../../src/storage/file.ts';

const [, , url = '', key = ''] = process.argv;
let sent = 0;
const body = new Readable({
  read() {
    if (sent++ === 100) process.stdout.write('under way\n');
    this.push(Buffer.alloc(sent > 100 ? 16 : 65_536));
  },
});
await openFileStore(url).put(key, body);
