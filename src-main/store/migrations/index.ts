import type { Migration } from '../migrate.ts';
import { firstSchema } from './001-first-schema.ts';
import { marketData } from './002-market-data.ts';
import { news } from './003-news.ts';
import { drawings } from './004-drawings.ts';
import { training } from './005-training.ts';
import { intervals } from './006-intervals.ts';

/** Every migration of `frontier.sqlite`, in order. A change to the schema is one new file and one line here. */
export const MIGRATIONS: readonly Migration[] = [
  firstSchema,
  marketData,
  news,
  drawings,
  training,
  intervals,
];
