/** Entry of one worker of a data-parallel run: a process of its own, with a device of its own. */
import { serveParallel } from './parallelWorker.ts';

serveParallel();
