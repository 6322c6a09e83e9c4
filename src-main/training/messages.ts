/** What a training job may be told while it runs: to write a checkpoint now. */
export const SAVE_REQUEST = 'save';
