import { main } from 'smallboat/cli';
import { loadSettings } from 'smallboat/config';
import { processIo } from 'smallboat/kernel';

/** `npm run serve`: the champion behind HTTP until Ctrl-C, with the flags of `smallboat serve`. */
const io = processIo();
const { home } = await loadSettings({ folder: import.meta.dirname, env: io.env });
process.exitCode = await main(['serve', '--home', home, ...process.argv.slice(2)], io);
