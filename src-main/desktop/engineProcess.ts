/** Entry of the engine's utility process. */
import { createEngine } from '../app/index.ts';
import { serveEngine } from './engineServer.ts';

serveEngine({ parent: process.parentPort, createEngine, exit: (code) => process.exit(code) });
